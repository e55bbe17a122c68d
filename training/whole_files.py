"""Files that take the place of others only once they are whole."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A file to write beside `path`, which is moved there at the end: no reader ever meets half of one.

    What is at `path` stays as it is until then, and where that is not reached. `mode` is what the system's
    mask leaves of it. Raises OSError, with `path`, where it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Processes of other containers may write to the folder too: a number of the process is no name.
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}.partial")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            yield file
        os.replace(beside, path)
    except OSError as error:
        # NumPy tells neither the file nor, where the disk is full, that it is.
        number = error.errno or errno.ENOSPC
        raise OSError(number, os.strerror(number), str(path)) from error
    finally:
        beside.unlink(missing_ok=True)  # there where it was not moved
