"""Folders that commands write to: new or empty, never among the photos, and empty again where all fails."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.errors import TrainingError
from training.locking import LOCK


def is_taken(path: Path) -> bool:
    """Whether anything is at a path but an empty folder; the lock of a killed training is nothing."""
    return path.exists() and (not path.is_dir() or any(child.name != LOCK for child in path.iterdir()))


def check_new_folder(out: Path | None, data: Path) -> Path:
    """`out`; raises TrainingError unless it is a new or empty folder to write to, not among the photos."""
    if out is None or is_taken(out):
        raise TrainingError(f"Expected a new or empty folder for the copies. Received: {out}")
    if out.resolve().is_relative_to(data.resolve()):
        raise TrainingError(f"Expected a folder for the copies outside of {data}. Received: {out}")
    check_writable(out, "the copies")
    return out


def check_writable(folder: Path, option: str) -> None:
    """Raise TrainingError unless files can be written to a folder, or where it is to be made."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise TrainingError(
            f"Expected a folder for {option} that can be written to. Received: {folder} ({error.strerror})."
        ) from None


@contextmanager
def new_folder(out: Path | None, data: Path) -> Iterator[Path]:
    """A folder to fill, as `check_new_folder` wants it; empty again if that does not come to its end."""
    folder = check_new_folder(out, data)
    there = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except BaseException:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not there:
            folder.rmdir()
        raise
