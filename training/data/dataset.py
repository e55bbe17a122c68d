"""What a data set is: labelled photos of people in splits, and the files that cannot be used.

`training/data/folders.py` reads one from a folder.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.networks.metadata import DatasetFacts, Label
from training.errors import TrainingError

PERSON, FILE = "person:", "file:"
"""Before the ids of people, and of photos in which nobody is named: whatever a name is, they differ."""


@dataclass(frozen=True)
class Photo:
    """One labelled photo."""

    path: Path
    label: str
    split: str
    """`train`, `validation` or `test`."""
    person: str
    """One name per person; the file's own where nobody said: who is called by it is taken to be in it."""
    geometry: str = "whole"
    """How the file was cut: `wide` (DESIGN: 2.0 eye widths, centre at 55 %), `tight` or `whole`."""
    attributes: dict[str, str] = field(default_factory=dict)
    """The remaining columns of `labels.csv` (eye, agreement, source, ...)."""
    digest: str = ""
    """SHA-256 of the file's bytes."""
    named: bool = True
    """Whether `person` is somebody, and not the name of a file."""


def people_of(photos: Sequence[Photo]) -> NDArray[np.str_]:
    """The id of each photo's person, `[N]`, for `count_people`."""
    return np.array([f"{PERSON if photo.named else FILE}{photo.person}" for photo in photos])


def count_people(people: NDArray[np.str_]) -> int:
    """How many people there are among the ids `[N]` of photos; where nobody is named, as many as photos."""
    nobody = all(person.startswith(FILE) for person in people.tolist())
    return len(people) if nobody else len(np.unique(people))


def agreement(photos: Sequence[Photo]) -> NDArray[np.float32]:
    """The share of raters behind each photo's label, `[N]`; 1 where nobody said. Raises TrainingError."""
    shares = []
    for photo in photos:
        text = photo.attributes.get("agreement", "").strip() or "1"
        share = float(text) if re.fullmatch(r"[0-9]*[.]?[0-9]+", text) else 2.0
        if share > 1:
            raise TrainingError(
                f"Expected an agreement from 0 to 1 for {photo.path.name}. Received: {text!r}"
            )
        shares.append(share)
    return np.array(shares, dtype=np.float32)


def check_agreement(photos: Sequence[Photo]) -> None:
    """Raise TrainingError unless labels.csv tells of some photos which share of the raters agreed."""
    if not any(photo.attributes.get("agreement") for photo in photos):
        known = ", ".join(sorted({name for photo in photos for name in photo.attributes})) or "none such"
        raise TrainingError(
            f"Expected a column agreement in labels.csv, with --soft-labels agreement. Received: {known}"
        )
    agreement(photos)


def by_value(photos: Sequence[Photo], column: str | None) -> dict[str, NDArray[np.bool_]]:
    """The rows `[N]` of the photos with each value of a column of `labels.csv`, as `column=value`.

    Raises TrainingError for a column that no photo has.
    """
    if column is None:
        return {}
    values = np.array(
        [photo.geometry if column == "geometry" else photo.attributes.get(column, "") for photo in photos]
    )
    if not any(values):
        known = sorted({name for photo in photos for name in photo.attributes} | {"geometry"})
        raise TrainingError(f"Expected a column of labels.csv: {', '.join(known)}. Received: {column}")
    return {f"{column}={value}": values == value for value in np.unique(values)}


@dataclass(frozen=True)
class Skipped:
    """A file or folder that is not used, and why."""

    path: Path
    reason: str
    unreadable: bool = False
    """Whether it cannot be read or decoded; what can be may not be used all the same."""


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

    def targets(self, photos: Sequence[Photo]) -> NDArray[np.int64]:
        """The index of each photo's label, `[N]`."""
        index = {label.id: position for position, label in enumerate(self.labels)}
        return np.array([index[photo.label] for photo in photos], dtype=np.int64)

    def counts(self, split: str) -> dict[str, int]:
        """Photos per label in one split, zeros included."""
        found = Counter(photo.label for photo in self.photos if photo.split == split)
        return {label.id: found[label.id] for label in self.labels}

    def conflicts(self) -> list[tuple[Photo, Photo]]:
        """Photos with the bytes of an earlier one of another class, each after that one."""
        first: dict[str, Photo] = {}
        pairs = ((first.setdefault(photo.digest, photo), photo) for photo in self.photos)
        return [(one, another) for one, another in pairs if one.label != another.label]

    def check_classes(self, known: Sequence[str], photos: Sequence[Photo]) -> None:
        """Raise TrainingError where some of the photos are of other classes than a model knows."""
        unknown = sorted({photo.label for photo in photos} - set(known))
        if unknown:
            raise TrainingError(
                f"Expected the classes {', '.join(known)} in {self.root}. Received also: {', '.join(unknown)}"
            )

    def check_training_photos(self, fingerprint: str, remedy: str = "") -> None:
        """Raise TrainingError unless the training photos are those of the model with this fingerprint.

        Its validation photos are to be measured on: among others there may be people that it learned from.
        """
        if self.facts().fingerprint != fingerprint:
            raise TrainingError(
                f"Expected the training photos of the model in {self.root}, so that nobody of them is "
                f"measured on. Received: others, or another split.{remedy}"
            )

    @property
    def has_eyes(self) -> bool:
        """Whether the files are crops of eyes, so that a crop geometry applies."""
        return any(photo.geometry != "whole" for photo in self.photos)

    def facts(self) -> DatasetFacts:
        """What the model's metadata tells about its training photos."""
        train = self.split("train")
        return DatasetFacts(
            fingerprint=fingerprint(train),
            images=len(train),
            people=count_people(people_of(train)),
        )


def fingerprint(photos: Sequence[Photo]) -> str:
    """Of photos with their labels, all together: in whatever order, and whatever the files are called."""
    lines = sorted(f"{photo.digest} {photo.label}" for photo in photos)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
