"""What a network could learn instead of the task: simple measures that tell the classes apart.

Each measure alone is given to a small decision tree; its cross-validated balanced accuracy, with whole people
held out, is compared with guessing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from training.checks.findings import Finding
from training.checks.holding_out import hold_out
from training.checks.quality import Measures
from training.data.dataset import Photo

TELLING: Final = 0.15
"""Share of the way from guessing to perfect from which a measure is reported."""
LEAVES: Final = 8
COLUMNS: Final = ("source", "camera", "device", "photographer", "geometry")
"""Columns of `labels.csv` that say where a photo comes from."""
MOST_VALUES: Final = 50


@dataclass(frozen=True)
class Shortcut:
    """How well one measure alone gives the class away."""

    measure: str
    accuracy: float
    """Balanced accuracy; guessing reaches 1 / classes."""
    skill: float
    """0: guessing, 1: perfect."""
    by_class: dict[str, str]
    """The typical value per class: a median, or the most common value and its share."""


def find_shortcuts(
    photos: Sequence[Photo], measures: Sequence[Measures], seed: int = 1
) -> list[Shortcut] | None:
    """Every measure that varies, the most telling first; None where nobody of a class can be held out."""
    labels = np.array([photo.label for photo in photos])
    folds = hold_out(labels.tolist(), [photo.person for photo in photos], seed)
    if not folds:
        return None
    found = []
    for name, values, typical in _columns(photos, measures, labels):
        tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, class_weight="balanced", random_state=seed)
        guesses = cross_val_predict(tree, values, labels, cv=folds)
        accuracy = float(balanced_accuracy_score(labels, guesses))
        chance = 1 / len(set(labels))
        found.append(Shortcut(name, accuracy, max(0.0, (accuracy - chance) / (1 - chance)), typical))
    return sorted(found, key=lambda item: -item.skill)


def describe(shortcuts: Sequence[Shortcut]) -> Iterator[Finding]:
    """A finding per measure that tells too much."""
    for item in shortcuts:
        if item.skill >= TELLING:
            typical = ", ".join(f"{label} {value}" for label, value in item.by_class.items())
            detail = (
                f"{item.measure} alone gives the class with {item.accuracy:.0%} balanced accuracy ({typical})"
            )
            yield Finding("shortcut", detail, score=item.skill)


def _columns(
    photos: Sequence[Photo], measures: Sequence[Measures], labels: NDArray[np.str_]
) -> Iterator[tuple[str, NDArray[np.float64], dict[str, str]]]:
    numbers = {
        "brightness": [item.brightness for item in measures],
        "contrast": [item.contrast for item in measures],
        "sharpness": [item.sharpness for item in measures],
        "colour": [item.colour for item in measures],
        "size in pixels": [float(min(item.width, item.height)) for item in measures],
        "shape (width / height)": [item.width / item.height for item in measures],
        "size of the file": [item.kilobytes for item in measures],
    }
    for name, column in numbers.items():
        values = np.array(column)
        if values.std() > 1e-6:
            typical = {label: f"{np.median(values[labels == label]):.3g}" for label in sorted(set(labels))}
            yield name, values[:, None], typical
    for name in COLUMNS:
        words = np.array(
            [photo.geometry if name == "geometry" else photo.attributes.get(name, "") for photo in photos]
        )
        kinds = sorted(set(words))
        if 1 < len(kinds) <= MOST_VALUES:
            flags = (words[:, None] == np.array(kinds)[None]).astype(np.float64)
            yield name, flags, {label: _commonest(words[labels == label]) for label in sorted(set(labels))}


def _commonest(words: NDArray[np.str_]) -> str:
    kinds, counts = np.unique(words, return_counts=True)
    return f"{kinds[counts.argmax()] or 'unknown'} {counts.max() / counts.sum():.0%}"
