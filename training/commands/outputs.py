"""Where commands write: never among the photos, and over no file that is not theirs."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from training.errors import TrainingError
from training.network.run_folders import CONFIG
from training.new_folders import check_writable

HEAD: Final = 4096
"""Bytes of a file that tell whether we wrote it."""
REPORT: Final = "<title>Report: "
MEASURED: Final = '",\n  "images": '
"""In what `evaluate` and `report` write as JSON."""
OURS: Final = (
    (CONFIG, '{\n  "hyperparameters": {'),
    ("report.html", REPORT),
    ("evaluation-*.json", MEASURED),
)
"""Files, and their marks, beside which pictures are ours too."""


def check_outside(options: argparse.Namespace, *names: str) -> None:
    """Raises TrainingError if the path of one of these options, where given, lies among the photos."""
    if options.data is None:
        return
    data = options.data.resolve()
    for name in names:
        path = getattr(options, name)
        if path is not None and path.resolve().is_relative_to(data):
            raise TrainingError(f"Expected --{name} outside the photos' folder, which is never written to.")


def check_file(path: Path | None, option: str, suffix: str, mark: str) -> None:
    """Raises TrainingError unless a file, where one is asked for, is new, empty or written by us before.

    Ours end in `suffix` and have `mark` in their first lines. So it does where nothing can be written: that
    would show after minutes of work.
    """
    if path is None:
        return
    if path.suffix.lower() != suffix:
        raise TrainingError(f"Expected {option} as a file that ends in {suffix}. Received: {path}")
    if path.is_dir():
        raise TrainingError(f"Expected {option} as a file. Received: {path}, which is a folder.")
    if path.is_file() and (head := _head(path)) and mark.encode() not in head:
        raise TrainingError(
            f"Expected {option} as a new file, or one that this command wrote. Received: {path}, which holds "
            "something else."
        )
    _check_writable(path, option)


def check_pictures(folder: Path, names: Iterable[str]) -> None:
    """Raises TrainingError if one of these pictures is in the folder and may be somebody else's.

    A picture does not say who drew it, but what is beside it does: a run, a report or an evaluation of ours.
    """
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"Expected --out as a folder. Received: {folder}, which is a file.")
    old = [path for name in names if (path := folder / name).exists()]
    there = [path for path in old if path.stat().st_size]
    if there and not any(
        mark.encode() in _head(path) for name, mark in OURS for path in folder.glob(name) if path.is_file()
    ):
        raise TrainingError(
            "Expected --out as a new folder, or one that this command wrote to. "
            f"Received: {folder}, where {there[0].name} may be somebody else's."
        )
    for path in old:
        _check_writable(path, "--out")


def _check_writable(path: Path, option: str) -> None:
    """Raise TrainingError unless a file can be written, or written over."""
    check_writable(path.parent, option)
    try:
        if path.exists():
            path.open("ab").close()
    except OSError as error:
        raise TrainingError(
            f"Expected {option} as a file that can be written. Received: {path} ({error.strerror})."
        ) from None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
