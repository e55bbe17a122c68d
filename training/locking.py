"""Of two trainings at once only one may write a folder; the lock is gone when its process is."""

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
    lock = folder / LOCK
    file = _locked(lock)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)  # while it is held, so that it is nobody else's
        os.close(file)
        if new:
            with suppress(OSError):
                folder.rmdir()


def _locked(path: Path) -> int:
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise TrainingError(
                f"Expected a folder of its own for --out. Received: {path.parent}; another training is "
                "writing there."
            ) from None
        except OSError:
            return file  # a file system without locks
        # What was opened may have been removed by who held it until now.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), path.stat()):
                return file
        os.close(file)
