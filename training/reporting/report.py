"""Everything a report shows, and the same as numbers for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.bundles.card_notes import chosen
from training.measuring.metrics import DRAWS, NO_INTERVAL, TOO_FEW, Scores, score
from training.network.calibration import when_certain
from training.network.run_folders import HISTORY
from training.pages.drawing import thumbnail
from training.reporting import charts
from training.reporting.charts import Chart
from training.reporting.groups import Group, groups
from training.reporting.robustness import Curve, curves
from training.reporting.subject import Subject
from training.wording import counted_by, photos_of

SHOWN: Final = 24
SIDE: Final = 144


@dataclass(frozen=True)
class Report:
    """A subject and all that was measured on it."""

    subject: Subject
    scores: Scores
    groups: Sequence[Group]
    curves: Sequence[Curve]
    """Empty where nobody wanted them."""
    asked: int
    """Photos behind the curves."""
    certain: dict[str, float | None]
    """Coverage and accuracy of the answers that are sure: confident, and about a typical photo."""
    charts: dict[str, Chart]

    @classmethod
    def of(cls, subject: Subject, path: Path, robustness: int) -> "Report":
        """Measure a subject; `robustness` photos are asked about again under every trouble, 0 for none."""
        asked = min(robustness, len(subject.labels))
        found = curves(subject, asked) if asked else []
        answers = subject.probabilities
        scores = score(answers, subject.labels, subject.people, subject.model.labels, DRAWS)
        right = answers.argmax(axis=1) == subject.labels
        certain = when_certain(answers, subject.labels, subject.threshold, subject.typical)
        drawn = [
            charts.reliability(subject.raw, answers, subject.labels, subject.threshold),
            charts.risk_coverage(answers.max(axis=1), right, subject.typical, certain["coverage"] or 0.0),
            charts.history(path / HISTORY),
            charts.robustness(found) if found else None,
        ]
        by_name = {chart.name: chart for chart in drawn if chart is not None}
        return cls(subject, scores, groups(subject), found, asked, certain, by_name)

    def view(self) -> dict[str, Any]:
        """The values of the page's template."""
        subject, answers = self.subject, self.subject.probabilities
        confidence, best = answers.max(axis=1), answers.argmax(axis=1)
        right = best == subject.labels
        mistakes = np.flatnonzero(~right)[np.argsort(-confidence[~right], kind="stable")]
        return {
            "model": subject.model,
            "split": subject.split,
            "photos_of": photos_of,
            "whose": photos_of(self.scores.images, self.scores.people, f"{subject.split} photos"),
            "units": counted_by(self.scores.images, self.scores.people),
            "scores": self.scores,
            "too_few": f"{NO_INTERVAL}: {TOO_FEW}" if self._lacks_intervals else "",
            "temperature": subject.temperature,
            "threshold": subject.threshold,
            "chosen": chosen(subject.model.recipe),
            **self.certain,
            "untypical": float((~subject.typical).mean()),
            "confusion": self._confusion(),
            "mistakes": [self._photo(index) for index in mistakes[:SHOWN]],
            "wrong": int((~right).sum()),
            "unsure": [self._photo(index) for index in np.argsort(confidence, kind="stable")[:SHOWN]],
            "groups": self.groups,
            "asked": self.asked,
            "charts": {name: chart.svg() for name, chart in self.charts.items()},
        }

    @property
    def _lacks_intervals(self) -> bool:
        scores = self.scores
        shown = [scores.accuracy, scores.balanced_accuracy]
        shown += [one for entry in scores.classes for one in (entry.precision, entry.recall, entry.f1)]
        return any(NO_INTERVAL in one.percent() for one in shown)

    def document(self) -> dict[str, Any]:
        """The numbers, for JSON."""
        subject, scores = self.subject, self.scores
        return {
            "model": subject.model.name,
            "split": subject.split,
            "images": scores.images,
            "people": scores.people,
            "accuracy": scores.accuracy.document(),
            "balanced_accuracy": scores.balanced_accuracy.document(),
            "calibration_error": scores.calibration_error.document(),
            "temperature": round(subject.temperature, 6),
            "threshold": subject.threshold,
            **self.certain,
            "untypical": round(float((~subject.typical).mean()), 6),
            "recall": {entry.label: entry.recall.document() for entry in scores.classes},
            "groups": {
                group.name: {
                    part.name: {"images": part.images, "people": part.people, **part.accuracy.document()}
                    for part in group.parts
                }
                for group in self.groups
            },
            "robustness": {
                "images": self.asked,
                "curves": {
                    curve.trouble.name: {
                        "unit": curve.trouble.unit,
                        "levels": curve.levels,
                        "accuracy": [round(value, 6) for value in curve.accuracy],
                        "confidence": [round(value, 6) for value in curve.confidence],
                    }
                    for curve in self.curves
                },
            },
        }

    def _confusion(self) -> list[dict[str, Any]]:
        counts: NDArray[np.int64] = self.scores.confusion
        rows = []
        for label, row in zip(self.subject.model.labels, counts.tolist(), strict=True):
            total = max(1, sum(row))
            cells = [{"count": count, "share": count / total} for count in row]
            rows.append({"label": label, "cells": cells})
        return rows

    def _photo(self, index: int) -> dict[str, Any]:
        subject, answer = self.subject, self.subject.probabilities[index]
        first, second = (int(one) for one in np.argsort(-answer, kind="stable")[:2])
        names = subject.model.labels
        return {
            "picture": thumbnail(subject.images[index], SIDE),
            "file": subject.files[index],
            "truth": names[subject.labels[index]],
            "answer": names[first],
            "confidence": float(answer[first]),
            "second": names[second],
            "second_confidence": float(answer[second]),
            "right": first == subject.labels[index],
            "agreement": subject.attributes[index].get("agreement", ""),
        }
