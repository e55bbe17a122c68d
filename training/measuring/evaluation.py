"""A model measured on photos it never saw: as JSON for programs, as tables for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from training.measuring.metrics import NO_INTERVAL, TOO_FEW, ClassScores, Estimate, Scores
from training.tables import table
from training.wording import counted_by, photos_of

WIDEST: Final = 160
"""Columns of a confusion matrix that is still read on a screen: each class adds its name's."""
SHOWN: Final = 20
"""Of the mistakes in its place."""


@dataclass(frozen=True)
class Evaluation:
    """Scores of one model on one split."""

    model: str
    split: str
    scores: Scores
    groups: Mapping[str, Scores] = field(default_factory=dict)
    """Scores of parts of the photos, by the value of a column of `labels.csv`."""

    def document(self) -> dict[str, Any]:
        """Everything measured, for JSON."""
        scores = self.scores
        return {
            "model": self.model,
            "split": self.split,
            "images": scores.images,
            "people": scores.people,
            "accuracy": scores.accuracy.document(),
            "balanced_accuracy": scores.balanced_accuracy.document(),
            "calibration_error": scores.calibration_error.document(),
            "chance_calibration_error": scores.chance_calibration_error.document(),
            "classes": {entry.label: _class_document(entry) for entry in scores.classes},
            "confusion": scores.confusion.tolist(),
            "groups": {name: _group_document(part) for name, part in self.groups.items()},
        }

    def lines(self) -> list[str]:
        """The report for people."""
        scores = self.scores
        whose = photos_of(scores.images, scores.people, f"{self.split} photos")
        overall = [
            ["accuracy", scores.accuracy.percent()],
            ["balanced accuracy", scores.balanced_accuracy.percent()],
            ["calibration error", scores.calibration_error.alone()],
            ["- if every confidence were exact", scores.chance_calibration_error.percent()],
        ]
        per_class = [
            [entry.label, str(entry.support), *(one.percent() for one in _estimates(entry))]
            for entry in scores.classes
        ]
        lines = [
            f"{self.model} on {whose} (95 % intervals over {counted_by(scores.images, scores.people)})",
            "",
            *table(["", "value"], overall),
            "",
            *table(["class", "photos", "precision", "recall", "F1"], per_class),
            "",
            *_confusion_lines(scores),
            *_group_lines(self.groups),
        ]
        return lines + explained(lines)


def explained(lines: Sequence[str]) -> list[str]:
    """Lines on what stands in place of intervals, where it does."""
    return ["", f"{NO_INTERVAL}: {TOO_FEW}"] if any(NO_INTERVAL in line for line in lines) else []


def _estimates(entry: ClassScores) -> tuple[Estimate, Estimate, Estimate]:
    return entry.precision, entry.recall, entry.f1


def _class_document(entry: ClassScores) -> dict[str, Any]:
    names = ("precision", "recall", "f1")
    numbers = {name: one.document() for name, one in zip(names, _estimates(entry), strict=True)}
    return {**numbers, "support": entry.support}


def _group_document(scores: Scores) -> dict[str, Any]:
    return {
        "images": scores.images,
        "people": scores.people,
        "accuracy": scores.accuracy.document(),
        "balanced_accuracy": scores.balanced_accuracy.document(),
    }


def _confusion_lines(scores: Scores) -> list[str]:
    """What is taken for what: a matrix, or the most frequent mistakes where no screen has room for one."""
    names = [entry.label for entry in scores.classes]
    counts = [[name, *map(str, row)] for name, row in zip(names, scores.confusion.tolist(), strict=True)]
    matrix = table(["", *names], counts)
    if max(map(len, matrix)) <= WIDEST:
        return ["rows: truth, columns: answers", *matrix]
    mistakes = [
        (count, names[truth], names[answer])
        for (truth, answer), count in np.ndenumerate(scores.confusion)
        if truth != answer and count
    ]
    if not mistakes:
        return ["no mistakes"]
    mistakes.sort(key=lambda mistake: -mistake[0])
    rows = [[truth, answer, str(count)] for count, truth, answer in mistakes[:SHOWN]]
    more = [f"and {len(mistakes) - SHOWN:,} other pairs of classes"] if len(mistakes) > SHOWN else []
    return ["most frequent mistakes", *table(["truth", "answer", "photos"], rows, left=2), *more]


def _group_lines(groups: Mapping[str, Scores]) -> list[str]:
    if not groups:
        return []
    rows = [
        [name, str(part.images), str(part.people), part.accuracy.percent(), part.balanced_accuracy.percent()]
        for name, part in groups.items()
    ]
    return ["", *table(["group", "photos", "people", "accuracy", "balanced accuracy"], rows)]
