"""Of two programs at once only one may write a folder or file; the lock is gone when its process is."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from training.errors import TrainingError

LOCK: Final = ".training.lock"
"""In a folder that is being written; a killed process leaves it behind, where it means nothing."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder, which is made where there is none, and removed again where nothing was written.

    Raises TrainingError where another training holds it, OSError where it cannot be written.
    """
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    file = _locked(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is held, so that it is nobody else's
        os.close(file)
        if new:
            with suppress(OSError):
                folder.rmdir()


def lock(file: int) -> bool:
    """Hold an open file until it is closed; False where another process does.

    A file system without locks cannot tell, and stops nobody.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return not isinstance(error, BlockingIOError)
    return True


def _locked(path: Path) -> int:
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if not lock(file):
            os.close(file)
            raise TrainingError(
                f"Expected a folder of its own for --out. Received: {path.parent}; another training is "
                "writing there."
            )
        # What was opened may have been removed by who held it until now.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), path.stat()):
                return file
        os.close(file)
