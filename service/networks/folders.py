"""Where bundles are on disk: `models/<name>/<version>/`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from service.commas import split
from service.errors import InvalidBundle

MODEL_FILE: Final = "model.onnx"
_MOST_NAMED: Final = 10
_LOST: Final = "lost+found"
"""A file system's own folder at its root, as volumes have it, which nobody but root may read."""


def wants_all(wanted: str) -> bool:
    """Whether a setting asks for every bundle in the folder."""
    return wanted.strip() == "*"


def wanted_names(models: Path, wanted: str) -> list[str]:
    """Names in a setting such as `eye-shape,another`; `*` is every bundle in the folder.

    Raises InvalidBundle where `*` asks for a folder that is not there.
    """
    return names(models) if wants_all(wanted) else list(split(wanted))


def names(models: Path) -> list[str]:
    """Names of all bundles in `models/`, in alphabetical order."""
    with _readable(models):
        if not models.is_dir():
            raise InvalidBundle(f"Expected a folder of models. Received: {models}, which is no folder.")
        return [folder.name for folder in candidates(models) if versions(folder)]


def candidates(models: Path) -> list[Path]:
    """What may be bundles in `models/`, in alphabetical order; raises OSError."""
    return sorted(child for child in models.iterdir() if child.name != _LOST)


def versions(folder: Path, file: str = MODEL_FILE) -> list[int]:
    """Versions of the bundle `models/<name>` that hold `file`, ascending; other folders are not looked at.

    A version that may not be read is one of them: who loads it says so. Raises InvalidBundle where the
    bundle's own folder may not be read.
    """
    with _readable(folder):
        if not folder.is_dir():
            return []
        numbers = [int(child.name) for child in folder.iterdir() if child.name.isdecimal() and child.is_dir()]
        return sorted(number for number in numbers if number >= 1 and _may_hold(folder / str(number), file))


def _may_hold(version: Path, file: str) -> bool:
    try:
        return (version / file).exists()
    except PermissionError:
        return True


def newest(models: Path, name: str) -> Path:
    """Folder of the highest version of a bundle; raises InvalidBundle where there is none."""
    found = versions(models / name)
    if not found:
        raise InvalidBundle(
            f"Expected a model at {models / name}/<version>/{MODEL_FILE}. Received: nothing there. "
            + _advice(models)
        )
    return models / name / str(found[-1])


def _advice(models: Path) -> str:
    if not os.path.isdir(models):
        return f"There is no folder {models}: SERVICE_MODELS says where models are."
    there: list[str] = []
    with suppress(InvalidBundle):
        there = names(models)
    if not there:
        return "Train one with `python -m training fit`, then `python -m training export`."
    some, more = ", ".join(there[:_MOST_NAMED]), " and others" if len(there) > _MOST_NAMED else ""
    return f"What is there is {some}{more}: SERVICE_MODEL says which to serve."


def check_files(folder: Path) -> None:
    """Raise InvalidBundle for a version folder that may not be read, or that holds a named pipe.

    Who opens one may wait for ever.
    """
    with _readable(folder):
        os.scandir(folder).close()  # `rglob` passes over what may not be read
        for path in folder.rglob("*"):
            if path.exists() and not (path.is_file() or path.is_dir()):
                raise InvalidBundle(f"{path}: expected a file. Received: a pipe, a socket or a device.")


def named(document: Path, name: str) -> Path:
    """The file that a document names, in its folder or below.

    Raises InvalidBundle for a name that leads elsewhere, where a device may be that never ends, and for a
    device behind a link. Links to files are none of our business: caches and volumes are full of them.
    """
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise InvalidBundle(f"{document}: expected the name of a file in its folder. Received: {name!r}.")
    file = document.parent / path
    # `check_files` does not follow links to folders, which may lead to the root of the system.
    if os.path.exists(file) and not os.path.isfile(file):
        raise InvalidBundle(f"{document}: expected the name of a file. Received: {name!r}, which is none.")
    return file


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidBundle(
            f"{folder}: expected a folder that this user may read. Received: {error.strerror}."
        ) from None
