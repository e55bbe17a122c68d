"""Which files lie in a folder of photos, by split and class, and what is in the way of being one.

Two layouts are understood: `train/<class>/*` with `validation/<class>/*` (and optionally `test/<class>/*`),
or one folder `<class>/*`. Nothing is opened here.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from training.data.dataset import Photo, Skipped
from training.data.file_names import NOT_UNICODE, composed, is_unicode, printable
from training.data.trees import check_folder, is_endless

Found = Photo | Skipped

SPLITS: Final = {
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "test": "test",
}
"""Names of folders, and the splits they stand for."""
PICTURES: Final = frozenset(".jpg .jpeg .jpe .jfif .png .webp .avif .gif .bmp .tif .tiff .heic .heif".split())
"""Suffixes by which pictures are known where other files may lie beside them. HEIC cannot be read: each such
photo is named with its reason, and not passed over."""
OF_SYSTEMS: Final = ("thumbs.db", "desktop.ini")
"""Files that Windows leaves in folders, nobody's mistake."""


def list_files(root: Path) -> Iterator[Found]:
    """Every file in a class folder, not yet opened, and what is in the way of being one.

    Raises TrainingError where there is no folder, or one that may not be read.
    """
    check_folder(root)
    if not (root / "train").is_dir():
        yield from _list_classes(root, "train")
        return
    for name, split in SPLITS.items():
        if (root / name).is_dir():
            yield from _list_classes(root / name, split, f": {name}/ is a split, and no class")
    for entry in _entries(root):
        if isinstance(entry, Skipped):
            yield entry
        elif entry.is_dir() and entry.name not in SPLITS:
            yield Skipped(entry, f"a folder beside train/; the splits are called {', '.join(SPLITS)}")
        elif is_picture(entry):
            yield Skipped(entry, "a photo outside of the class folders")


def _list_classes(folder: Path, split: str, hint: str = "") -> Iterator[Found]:
    for entry in _entries(folder):
        if isinstance(entry, Skipped):
            yield entry
        elif entry.is_dir():
            yield from _list_photos(entry, split)
        elif is_picture(entry):
            yield Skipped(entry, f"a photo outside of the class folders{hint}")


def is_picture(path: Path) -> bool:
    """Whether a file has the name of a picture."""
    return path.suffix.lower() in PICTURES


def _list_photos(folder: Path, split: str) -> Iterator[Found]:
    entries = list(_entries(folder))
    if not entries:
        yield Skipped(folder, "an empty class")
    inside = "a folder inside a class; photos belong directly into the class"
    if folder.name.lower() in SPLITS:  # `Train/`, as archives from elsewhere have it
        inside += ", and splits need a folder train/, in small letters"
    for entry in entries:
        if isinstance(entry, Skipped):
            yield entry
        elif entry.is_dir():
            yield Skipped(entry, inside)
        elif is_endless(entry):
            yield Skipped(entry, "no file, but a pipe or a device", unreadable=True)
        else:
            yield Photo(entry, composed(folder.name), split, person="")


def _entries(folder: Path) -> Iterable[Path | Skipped]:
    """What is in a folder, sorted, without hidden files (`.DS_Store`, ...) and those of systems."""
    try:
        paths = (path for path in folder.iterdir() if path.name.lower() not in OF_SYSTEMS)
        found = sorted(path for path in paths if not path.name.startswith("."))
    except OSError as error:
        return [Skipped(folder, f"an unreadable folder ({error.strerror})", unreadable=True)]
    return [
        path if is_unicode(path.name) else Skipped(path.with_name(printable(path.name)), NOT_UNICODE)
        for path in found
    ]


def files_of(root: Path, found: Iterable[Found]) -> set[str]:
    """What was found in a folder, as its tables write it."""
    return {item.path.relative_to(root).as_posix() for item in found}
