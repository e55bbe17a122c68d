"""How many photos and people each class has, and what to photograph next."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from training.checks.findings import Finding
from training.checks.mislabelled import Opinion
from training.checks.quality import Measures
from training.data.dataset import Photo
from training.wording import number_of

FEWEST_PEOPLE: Final = 30
"""With fewer people, a class's accuracy is known to about +-10 points at best."""
LOPSIDED: Final = 3.0
"""The largest class may have this many times the photos of another."""
RARE: Final = 0.1
"""A kind of photo that is common in the set and under this share in a class is missing there."""


@dataclass
class ClassReport:
    """One class in numbers, and advice."""

    label: str
    photos: dict[str, int]
    """By split."""
    people: int
    """Different photos where `named` is not true."""
    named: bool
    """Whether anybody said who is in the photos; otherwise each counts as a person, copies once."""
    brightness: float
    sharpness: float
    size: float
    """Medians; the size is the shorter side in pixels."""
    advice: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Photos in all splits."""
        return sum(self.photos.values())

    def document(self) -> dict[str, Any]:
        """The report as JSON data."""
        return {**vars(self), "total": self.total}


def count_classes(
    photos: Sequence[Photo], measures: Sequence[Measures], opinion: Opinion | None, named: bool = True
) -> list[ClassReport]:
    """A report per class, in alphabetical order, with advice on what to photograph next.

    `named` says whether the photos' people are people, and not their files.
    """
    reports = []
    for label in sorted({photo.label for photo in photos}):
        rows = [index for index, photo in enumerate(photos) if photo.label == label]
        chosen = [measures[index] for index in rows]
        reports.append(
            ClassReport(
                label,
                dict(sorted(Counter(photos[index].split for index in rows).items())),
                len({photos[index].person for index in rows}),
                named,
                float(np.median([item.brightness for item in chosen])),
                float(np.median([item.sharpness for item in chosen])),
                float(np.median([min(item.width, item.height) for item in chosen])),
            )
        )
    largest = max(report.total for report in reports)
    for report in reports:
        report.advice += [*_more(report, largest), *_missing(report.label, photos, measures)]
        if opinion is not None:
            report.advice += _confused(report.label, [item.label for item in reports], photos, opinion)
    return reports


def describe(reports: Sequence[ClassReport]) -> Iterator[Finding]:
    """Classes that are too small, absolutely or beside the largest."""
    largest = max(report.total for report in reports)
    for report in reports:
        ratio = largest / report.total
        if ratio > LOPSIDED:
            own = number_of(report.total, "photo")
            detail = f"{report.label} has {own}, the largest class {ratio:.1f} times as many"
            yield Finding("imbalance", detail, score=ratio)
        if report.people < FEWEST_PEOPLE:
            yield Finding("imbalance", f"{report.label} {_shown(report)} only", score=1 / report.people)


def _shown(report: ClassReport) -> str:
    if not report.named:
        return f"has {number_of(report.people, 'different photo')}"
    return f"shows {number_of(report.people, 'person', 'people')}"


def _more(report: ClassReport, largest: int) -> Iterator[str]:
    wanted = int(np.ceil(largest / LOPSIDED)) - report.total
    if report.people < FEWEST_PEOPLE:
        words = ("more person", "more people") if report.named else ("more photo",)
        yield f"at least {number_of(FEWEST_PEOPLE - report.people, *words)}"
    if wanted > 0:
        yield f"about {number_of(wanted, 'more photo')}, to have a third of the largest class"


def _missing(label: str, photos: Sequence[Photo], measures: Sequence[Measures]) -> Iterator[str]:
    """Kinds of photos that the set has and the class hardly has: each a quarter of all."""
    own = np.array([photo.label == label for photo in photos])
    brightness = np.array([item.brightness for item in measures])
    sharpness = np.array([item.sharpness for item in measures])
    size = np.array([float(min(item.width, item.height)) for item in measures])
    kinds = {
        "darker photos": brightness < np.quantile(brightness, 0.25),
        "brighter photos": brightness > np.quantile(brightness, 0.75),
        "less sharp photos": sharpness < np.quantile(sharpness, 0.25),
        "sharper photos": sharpness > np.quantile(sharpness, 0.75),
        "smaller photos": size < np.quantile(size, 0.25),
        "larger photos": size > np.quantile(size, 0.75),
    }
    for source in sorted({photo.attributes.get("source", "") for photo in photos} - {""}):
        kinds[f"photos like those from {source}"] = np.array(
            [photo.attributes.get("source") == source for photo in photos]
        )
    for name, kind in kinds.items():
        if kind.mean() >= 2 * RARE and kind[own].mean() < RARE:
            yield f"{name} ({kind[own].mean():.0%} here, {kind.mean():.0%} of all)"


def _confused(label: str, labels: list[str], photos: Sequence[Photo], opinion: Opinion) -> Iterator[str]:
    own = np.array([photo.label == label for photo in photos])
    guesses = opinion.probabilities[own].argmax(axis=1)
    wrong = Counter(int(guess) for guess in guesses if labels[int(guess)] != label)
    for other, count in wrong.most_common(1):
        if count >= 0.1 * own.sum():
            yield f"cases on the border to {labels[other]} ({count / own.sum():.0%} look like it)"
