"""Where commands write: never among the photos, and over no file that is not theirs."""

import argparse
from pathlib import Path
from typing import Final

from training.errors import TrainingError

HEAD: Final = 4096
"""Bytes of a file that tell whether we wrote it."""


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

    Ours end in `suffix` and have `mark` in their first lines.
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


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD)
