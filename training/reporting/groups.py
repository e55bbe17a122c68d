"""How good a model is on parts of the photos: by columns of `labels.csv`, brightness and sharpness."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from training.data.parts import SMALLEST, in_order, parted, quarters
from training.measuring.metrics import Estimate, score
from training.reporting.subject import Subject, measured


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
        for value in in_order(values):
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
    """Names of properties, each only once, with a value per photo."""
    columns = dict.fromkeys(name for row in subject.attributes for name in row)
    titles = _titles(columns)
    for column in columns:
        values = parted([row.get(column, "") for row in subject.attributes])
        if values is not None:
            yield titles[column], values
    for name, numbers in measured(subject.images).items():
        yield f"{name} (measured)" if name in titles.values() else name, quarters(numbers)


def _titles(columns: Iterable[str]) -> dict[str, str]:
    """What each column is called for people; two that would be called the same keep their own names."""
    plain = {column: column.replace("_", " ") for column in columns}
    uses = Counter(plain.values())
    return {column: title if uses[title] == 1 else column for column, title in plain.items()}
