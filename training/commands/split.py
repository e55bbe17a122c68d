"""`python -m training split`: copy photos into train, validation and test, nobody on two sides."""

import argparse
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from training.checks.duplicates import Pair, find_pairs
from training.checks.families import families
from training.checks.leakage import find_leaks
from training.checks.survey import Survey, survey
from training.commands.seeds import add_seed
from training.console import say
from training.data.copied_tables import write_tables
from training.data.dataset import Photo
from training.data.file_names import check_lines
from training.data.listing import files_of, list_files
from training.data.splitting import one_name_each, split_people
from training.errors import TrainingError
from training.new_folders import check_new_folder, new_folder
from training.tables import table

HELP: Final = (
    "Copy a folder of class folders into train/, validation/ and test/: every class keeps its share, and "
    "photos of one person, cut from one photo, or that are copies of each other stay together. "
    "The originals are not touched. "
    "A folder that is already split is examined instead and refused (exit code 2) if it leaks."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument(
        "data", type=Path, help="a folder with a folder per class; labels.csv may name people"
    )
    parser.add_argument("out", type=Path, nargs="?", help="a new folder for the split copy")
    parser.add_argument(
        "--validation", type=float, default=0.15, metavar="SHARE", help="of each class (0.15)"
    )
    parser.add_argument("--test", type=float, default=0.15, metavar="SHARE", help="of each class (0.15)")
    add_seed(parser, "another seed, another split")


def run(options: argparse.Namespace) -> int:
    """Split, or examine a split; raises TrainingError for a split that leaks."""
    shares = options.validation, options.test
    if not (all(share >= 0 for share in shares) and sum(shares) < 1):  # as NaN is not
        raise TrainingError(
            "Expected shares of 0 or more that leave photos to train on. "
            f"Received: --validation {options.validation} --test {options.test}"
        )
    if options.out is not None:
        # First: reading the photos may take minutes.
        check_new_folder(options.out, options.data)
        listed = (item for item in list_files(options.data) if isinstance(item, Photo))
        check_lines(files_of(options.data, listed))
    seen = survey(options.data)
    pairs = find_pairs(seen.photos, seen.thumbnails)
    if len({photo.split for photo in seen.photos}) > 1:
        _refuse_leaks(seen, seen.photos, pairs)
        say(f"{options.data} is already split, and nothing of one side is on another.")
        return 0
    if options.out is None:
        raise TrainingError(
            f"Expected a new folder for the split copy: {options.data} is not split. Received: none."
        )
    photos = divide(seen.photos, pairs, options.validation, options.test, options.seed)
    _refuse_leaks(seen, photos, pairs)
    with new_folder(options.out, options.data) as out:
        _copy(seen, photos, out)
    _print(photos, seen.names_people)
    for item in seen.skipped:
        say(f"left out: {item.path}: {item.reason}")
    return 0


def divide(
    seen: Sequence[Photo], pairs: Sequence[Pair], validation: float, test: float, seed: int
) -> list[Photo]:
    """The photos with their splits; `pairs` are the duplicates, `validation` and `test` shares of a class."""
    together = families(seen, pairs)
    photos = [
        replace(photo, split="train", person=family) for photo, family in zip(seen, together, strict=True)
    ]
    if test > 0:
        photos = [
            replace(photo, split="test") if photo.split == "validation" else photo
            for photo in split_people(photos, test, seed)
        ]
    if validation > 0:
        photos = split_people(photos, validation / (1 - test), seed)
    return [replace(photo, person=own.person) for photo, own in zip(photos, seen, strict=True)]


def _refuse_leaks(seen: Survey, photos: Sequence[Photo], pairs: Sequence[Pair]) -> None:
    names = [seen.name(index) for index in range(len(photos))]
    leaks = list(find_leaks(photos, names, pairs))
    if leaks:
        listed = "".join(f"\n  {leak.detail}: {', '.join(leak.files[:4])}" for leak in leaks[:10])
        raise TrainingError(
            f"Expected nobody on two sides of the split. Received: {len(leaks)} leaks.{listed}"
        )


def _copy(seen: Survey, photos: Sequence[Photo], out: Path) -> None:
    rows = []
    for photo in photos:
        inner = photo.path.relative_to(seen.root)
        inner = Path(*inner.parts[1:]) if inner.parts[0] == "train" else inner
        target = out / photo.split / inner
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(photo.path, target)
        facts = {
            "person": photo.person if photo.named else "",
            "geometry": photo.geometry,
            **photo.attributes,
        }
        rows.append(
            {"file": target.relative_to(out).as_posix(), **facts, "label": photo.label, "split": photo.split}
        )
    write_tables(seen.root, out, rows)


def _print(photos: Sequence[Photo], named: bool) -> None:
    splits = ("train", "validation", "test")
    rows = []
    for label in sorted({photo.label for photo in photos}):
        counts = Counter(photo.split for photo in photos if photo.label == label)
        rows.append([label, *(str(counts[split]) for split in splits)])
    single = one_name_each(photos)
    people = [str(len({photo.person for photo in single if photo.split == split})) for split in splits]
    for line in table(["photos", *splits], [*rows, ["people" if named else "different", *people]]):
        say(line)
