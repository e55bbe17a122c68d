"""Folders of photos as a data set: what is in them, who is in them, and what cannot be used.

Two layouts are understood: `train/<class>/*` with `validation/<class>/*` (and optionally `test/<class>/*`),
or one folder `<class>/*` that is split for the user. A `labels.csv` beside the folders may name the person and
the crop geometry of each file (columns `file`, `person`, `geometry`). Nothing here ever writes to the user's
folders.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from service.metadata import Label


@dataclass(frozen=True)
class Photo:
    """One labelled photo."""

    path: Path
    label: str
    split: str
    """`train`, `validation` or `test`."""
    person: str
    """One id per person; the file's own name where nobody said."""
    geometry: str = "whole"
    """How the file was cut: `wide` (DESIGN: 2.0 eye widths, centre at 55 %), `tight` or `whole`."""
    attributes: dict[str, str] = field(default_factory=dict)
    """The remaining columns of `labels.csv` (eye, agreement, source, ...)."""


@dataclass(frozen=True)
class Skipped:
    """A file that is not used, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Dataset:
    """Photos by class and split; `labels` in alphabetical order of their ids."""

    root: Path
    labels: tuple[Label, ...]
    photos: tuple[Photo, ...]
    skipped: tuple[Skipped, ...]

    def split(self, name: str) -> Sequence[Photo]:
        """The photos of one split, in a stable order."""
        return [photo for photo in self.photos if photo.split == name]
