"""Read a data set from a folder.

Where it is not split (training/data/listing.py), it is split for the user. Two tables at the top are
optional:

- `labels.csv`: a row per file. `file` is its path below the data folder; `person` and `geometry` (`wide`,
  `tight` or `whole`) are used, other columns are kept.
- `classes.csv`: a row per class with the columns `id` (the folder's name), `title`, `description`, `search`.

Class folders whose names look alike (training/data/file_names.py) are one class: `train/` may have been made
on a Mac, and `validation/` elsewhere.

Nothing here ever writes to the user's folders. What cannot be used is named with its reason.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from service.errors import EmptyFile, UnsupportedFormat, UnusableImage
from service.machine.cpus import available
from service.networks.metadata import Label
from service.pictures.images import decode
from training.data.csv_tables import as_named, label_of, read_classes, read_table
from training.data.dataset import Dataset, Photo, Skipped
from training.data.file_names import composed
from training.data.listing import SPLITS, Found, files_of, is_picture, list_files
from training.data.splitting import by_people, one_name_each, split_people
from training.errors import TrainingError

ORDER: Final = ("train", "validation", "test")
"""Of the splits: who is in one is left out of those behind it."""
GEOMETRIES: Final = ("wide", "tight", "whole")
CLASSES: Final = "classes.csv"


def read_dataset(root: Path, validation_share: float = 0.2, seed: int = 1) -> Dataset:
    """Read every photo below `root` once, to the end, and keep those that decode.

    Where there is no `validation` folder, `validation_share` of the people of each class is set aside.
    Raises TrainingError if fewer than two classes have photos to train on.
    """
    found = list(list_files(root))
    rows, classes = rows_by_file(root, files_of(root, found)), rows_of_classes(root, found)
    strangers = [*unmatched(root, rows, found), *unknown_classes(root, classes, found)]
    with ThreadPoolExecutor(available()) as pool:
        checked = list(pool.map(_check, found))
    photos = [described(item, root, rows) for item in checked if isinstance(item, Photo)]
    skipped = [*strangers, *(item for item in checked if isinstance(item, Skipped))]
    if not any(photo.split == "validation" for photo in photos):
        photos = split_people(photos, validation_share, seed)
    photos, leaks = _without_leaks(photos)
    photos = one_name_each(photos)
    labels, photos, untrainable = _labels(classes, photos)
    skipped += leaks + untrainable + _empty_classes(found, photos)
    if len(labels) < 2:
        names = ", ".join(label.id for label in labels) or "none"
        reasons = "".join(f"\n  {item.path}: {item.reason}" for item in skipped[:10])
        raise TrainingError(
            f"Expected two or more classes with photos in {root}. Received: {names}.{reasons}"
        )
    return Dataset(root, labels, tuple(photos), tuple(sorted(skipped, key=lambda item: item.path)))


def _check(item: Found) -> Found:
    """Decode the photo to its end, because a truncated file shows nowhere else."""
    if isinstance(item, Skipped):
        return item
    try:
        data = item.path.read_bytes()
        decode(data, min_side=1)
    except OSError as error:
        return Skipped(item.path, f"an unreadable file ({error.strerror})", unreadable=True)
    except UnusableImage as error:
        return undecodable(item.path, error)
    return replace(item, digest=hashlib.sha256(data).hexdigest())


def undecodable(path: Path, error: UnusableImage) -> Skipped:
    """A file without pixels. What is a picture neither by its name nor by its bytes could not be mended."""
    foreign = isinstance(error, EmptyFile | UnsupportedFormat) and not is_picture(path)
    return Skipped(path, str(error), unreadable=not foreign)


def described(photo: Photo, root: Path, rows: dict[str, dict[str, str]]) -> Photo:
    """The photo with what the rows of `labels.csv` (by file) say about it; raises TrainingError."""
    name = photo.path.relative_to(root).as_posix()
    row = rows.get(name, {})
    geometry = row.get("geometry") or "whole"
    if geometry not in GEOMETRIES:
        raise TrainingError(
            f"Expected a geometry of {GEOMETRIES} for {name} in labels.csv. Received: {geometry}"
        )
    attributes = {key: value for key, value in row.items() if key not in ("file", "person", "geometry")}
    person = row.get("person")
    return replace(photo, person=person or name, geometry=geometry, attributes=attributes, named=bool(person))


def _without_leaks(photos: Sequence[Photo]) -> tuple[list[Photo], list[Skipped]]:
    """Leave out of validation who is trained on, and of test who is in either.

    Two names that share a photo, byte for byte, are taken for one person.
    """
    leaks: dict[Path, Skipped] = {}
    for person in by_people(photos):
        split = min((photo.split for photo in person), key=ORDER.index)
        stay = [photo for photo in person if photo.split == split]
        for photo in person:
            if photo.split != split:
                leaks[photo.path] = Skipped(photo.path, _leak(photo, stay))
    return [photo for photo in photos if photo.path not in leaks], list(leaks.values())


def _leak(photo: Photo, others: Sequence[Photo]) -> str:
    """Why a photo may not measure what was learned from photos of the same person, who are `others`."""
    split = others[0].split
    copy = next((other for other in others if other.digest == photo.digest), None)
    if copy:
        return f"the same bytes as {copy.path} in {split}"
    if any(other.person == photo.person for other in others):
        return f"a photo of {photo.person}, who is in {split}"
    return f"a photo of {photo.person}, who is in {split} as {others[0].person}: both have the same photo"


def _labels(
    classes: Sequence[dict[str, str]], photos: list[Photo]
) -> tuple[tuple[Label, ...], list[Photo], list[Skipped]]:
    trained = sorted({photo.label for photo in photos if photo.split == "train"})
    known = {row["id"]: row for row in classes}
    labels = tuple(label_of(name, known.get(name, {})) for name in trained)
    usable = [photo for photo in photos if photo.label in trained]
    untrainable = [photo for photo in photos if photo.label not in trained]
    alike = {name.casefold(): name for name in trained}
    return labels, usable, [Skipped(one.path, _untrained(one.label, alike)) for one in untrainable]


def _untrained(label: str, alike: Mapping[str, str]) -> str:
    """Why photos of a class are not used; `alike` has those that are, by their names without capitals."""
    reason, other = "a class without photos to train on", alike.get(label.casefold())
    return (
        f"{reason}: the one in train is called {other}, which differs in capitals only" if other else reason
    )


def _empty_classes(found: Iterable[Found], usable: Iterable[Photo]) -> list[Skipped]:
    """Class folders that had files, none of which can be used."""
    listed = {item.path.parent for item in found if isinstance(item, Photo)}
    kept = {photo.path.parent for photo in usable}
    return [Skipped(folder, "a class without one usable photo") for folder in listed - kept]


def rows_by_file(root: Path, files: Iterable[str]) -> dict[str, dict[str, str]]:
    """The rows of `labels.csv` by their file, as it is written among the `files`; empty without a table.

    Raises TrainingError for a table that cannot be read or names no files, for two rows of a file that say
    different things, and for a table in a split's folder, whose people would be lost.
    """
    for name in SPLITS if (root / "train").is_dir() else ():
        if (table := root / name / "labels.csv").is_file():
            raise TrainingError(
                f"Expected one table for all splits, {root / 'labels.csv'}. Received: {table}"
            )
    by_file: dict[str, dict[str, str]] = {}
    for row in as_named(read_table(root / "labels.csv", "file"), "file", files):
        before = by_file.get(row["file"], row)
        # Nobody can know which is meant; the last row would decide how a photo is cut and what it counts.
        column = next((name for name in row if before[name] != row[name]), None)
        if column is not None:
            raise TrainingError(
                f"Expected one {column} for {row['file']} in {root / 'labels.csv'}. "
                f"Received: {before[column]!r} and {row[column]!r}"
            )
        by_file[row["file"]] = row
    return by_file


def unmatched(root: Path, rows: dict[str, dict[str, str]], found: Sequence[Found]) -> list[Skipped]:
    """The rows that name no file, whose people would be lost; raises TrainingError where they all do."""
    names = files_of(root, found)
    missing = [name for name in rows if name not in names]
    if not missing:
        return []
    table = root / "labels.csv"
    said = f"{len(missing)} of {len(rows)} rows name no file here, the first of them {missing[0]!r}"
    if len(missing) == len(rows):
        example = min(names, default="<class>/<file>")
        raise TrainingError(f"Expected paths below {root} in {table}, such as {example}. Received: {said}.")
    return [Skipped(table, said)]


def rows_of_classes(root: Path, found: Iterable[Found]) -> list[dict[str, str]]:
    """The rows of `classes.csv`, each with its class as its folder is written; none without a table."""
    return as_named(read_classes(root / CLASSES), "id", _classes(found))


def unknown_classes(root: Path, rows: Sequence[dict[str, str]], found: Iterable[Found]) -> list[Skipped]:
    """The rows of `classes.csv` that name no class folder, whose words nobody would read."""
    names = _classes(found)
    missing = [row["id"] for row in rows if row["id"] not in names]
    if not missing:
        return []
    said = f"{len(missing)} of {len(rows)} rows name no class here, the first of them {missing[0]!r}"
    return [Skipped(root / CLASSES, said)]


def _classes(found: Iterable[Found]) -> set[str]:
    """Names of class folders, and of what lies where there should be none."""
    return {item.label if isinstance(item, Photo) else composed(item.path.name) for item in found}
