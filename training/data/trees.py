"""Trees of folders, and what in them is no file to read: pipes, and folders that may not be entered."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from training.errors import TrainingError


def check_folder(root: Path) -> None:
    """Raise TrainingError unless there is a folder at a path, and it may be read."""
    if not root.is_dir():
        raise TrainingError(f"Expected a folder of photos. There is none at {root}")
    if is_closed(root):
        raise TrainingError(f"Expected a folder of photos that may be read. Received: {root}, which may not.")


def is_closed(path: Path) -> bool:
    """Whether there is a folder at a path that may not be read."""
    return path.is_dir() and not os.access(path, os.R_OK | os.X_OK, effective_ids=True)


def is_endless(path: Path) -> bool:
    """Whether there is something that may be read for ever, such as a pipe: Ctrl-C would not end that."""
    return not path.is_file() and not path.is_dir() and path.exists()


def tree(root: Path, tell_closed: Callable[[Path], object]) -> Iterator[Path]:
    """All that is below a folder, in no order, but for what is hidden and for what is in closed folders.

    Those are told; links to folders are not followed. Raises OSError for other folders that cannot be read.
    """
    for name, folders, files in () if is_closed(root) else os.walk(root, onerror=_give_up):
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        yield from (Path(name, one) for one in (*folders, *files) if not one.startswith("."))
        for folder in [path for one in folders if is_closed(path := Path(name, one))]:
            tell_closed(folder)
            folders.remove(folder.name)


def _give_up(error: OSError) -> None:
    raise error
