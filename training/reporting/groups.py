"""How good a model is on parts of the photos: by columns of `labels.csv`, brightness and sharpness."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.metrics import Estimate, score
from training.reporting.subject import Subject, measured

FEW: Final = 8
"""Numbers with more values than this are put into four parts of equal size; words with more are left out."""
SMALLEST: Final = 5
"""Photos of a part, below which its accuracy says nothing."""
BELOW, ABOVE = "less than", "more than"
PARTS: Final = ("lowest quarter", "second quarter", "third quarter", "highest quarter")


@dataclass(frozen=True)
class Part:
    """Photos that have something in common."""

    name: str
    images: int
    people: int
    accuracy: Estimate


@dataclass(frozen=True)
class Group:
    """All photos, parted by one property."""

    name: str
    parts: tuple[Part, ...]

    @property
    def gap(self) -> float:
        """Accuracy of the best part above that of the worst."""
        values = [part.accuracy.value for part in self.parts]
        return max(values) - min(values)


def groups(subject: Subject) -> list[Group]:
    """Every property that parts the photos into two or more, the largest difference first."""
    found = []
    for name, values in _properties(subject):
        parts = []
        for value in _in_order(values):
            rows = np.array([one == value for one in values])
            if rows.sum() >= SMALLEST:
                scores = score(
                    subject.probabilities[rows],
                    subject.labels[rows],
                    subject.people[rows],
                    subject.model.labels,
                )
                parts.append(Part(value, scores.images, scores.people, scores.accuracy))
        if len(parts) > 1:
            found.append(Group(name, tuple(parts)))
    return sorted(found, key=lambda group: -group.gap)


def _properties(subject: Subject) -> Iterator[tuple[str, Sequence[str]]]:
    """Names of properties with a value per photo."""
    columns = dict.fromkeys(name for row in subject.attributes for name in row)
    for column in columns:
        texts = [row.get(column, "") for row in subject.attributes]
        values = _parted(column, texts)
        if values is not None:
            yield column.replace("_", " "), values
    for name, numbers in measured(subject.images).items():
        yield name, _quarters(numbers)


def _parted(column: str, texts: Sequence[str]) -> Sequence[str] | None:
    """A column as it is where it has few values, numbers in quarters; None for names of single things."""
    if len(set(texts)) <= FEW:
        return [text or "unknown" for text in texts]
    numbers = np.array([_number(text) for text in texts])
    return None if np.isnan(numbers).mean() > 0.2 else _quarters(numbers)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _quarters(numbers: NDArray[np.float64]) -> list[str]:
    edges = np.nanquantile(numbers, [0, 0.25, 0.5, 0.75, 1])
    if len(set(edges)) < len(edges):
        return _around(numbers)
    names = [
        f"{part} ({low:.3g} to {high:.3g})" for part, low, high in zip(PARTS, edges, edges[1:], strict=False)
    ]
    which = np.searchsorted(edges[1:4], numbers, side="left")
    return [
        "unknown" if np.isnan(number) else names[part] for number, part in zip(numbers, which, strict=True)
    ]


def _around(numbers: NDArray[np.float64]) -> list[str]:
    """Below, at and above the one value that is so frequent that there are no quarters."""
    values, counts = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
    middle = values[counts.argmax()]
    names = {-1.0: f"{BELOW} {middle:g}", 0.0: f"{middle:g}", 1.0: f"{ABOVE} {middle:g}"}
    return ["unknown" if np.isnan(number) else names[float(np.sign(number - middle))] for number in numbers]


def _in_order(values: Sequence[str]) -> list[str]:
    """Quarters and numbers from low to high, then words by the alphabet, `unknown` last."""
    order = (*PARTS, BELOW, "", ABOVE)

    def key(value: str) -> tuple[bool, int, float, str]:
        place = next((place for place, part in enumerate(order) if part and value.startswith(part)), 5)
        number = _number(value)
        return value == "unknown", place, 0.0 if np.isnan(number) else number, value

    return sorted(set(values), key=key)
