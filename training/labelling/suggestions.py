"""What a model thinks of photos that nobody has labelled, and which of them to ask about first.

Active learning in its plainest form: the least certain photos first (margin sampling, Scheffer et al. 2001);
among those, the one that is least like anything labelled, so that the first hundred answers are not about
one face.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.errors import UnusableImage
from service.images import decode
from training.checks.duplicates import hashes
from training.checks.survey import THUMBNAIL, thumbnail
from training.console import progress
from training.prediction import open_model, predict

CLOSEST: Final = 32
"""So many of the least certain photos compete for being the most unlike."""
SURE: Final = 0.9
"""Confidence from which a suggestion is counted as sure."""


@dataclass(frozen=True)
class Suggestions:
    """A model's opinion of every photo, rows in the order of the files."""

    labels: tuple[str, ...]
    probabilities: NDArray[np.float64]
    """`[N, C]`; equal numbers for a file that cannot be read."""
    looks: NDArray[np.float32]
    """Perceptual hashes `[N, 63]`, vectors of length one."""

    def best(self, index: int) -> tuple[str, float]:
        """The suggested label and its confidence."""
        row = self.probabilities[index]
        return self.labels[int(row.argmax())], float(row.max())

    def choose(self, open_photos: Sequence[int], labelled: Sequence[int]) -> int:
        """The photo to ask about next; `open_photos` is not empty."""
        candidates = np.array(open_photos)
        ordered = np.sort(self.probabilities[candidates], axis=1)
        margins = ordered[:, -1] - ordered[:, -2]
        uncertain = candidates[np.argsort(margins, kind="stable")[:CLOSEST]]
        if not labelled:
            return int(uncertain[0])
        likeness = (self.looks[uncertain] @ self.looks[np.array(labelled)].T).max(axis=1)
        return int(uncertain[likeness.argmin()])

    def sure(self, open_photos: Sequence[int]) -> int:
        """How many of these photos the model is sure about."""
        rows = np.array(open_photos, dtype=np.int64)
        return int((self.probabilities[rows].max(axis=1) >= SURE).sum()) if len(rows) else 0


def ask_model(model: Path, files: Sequence[Path], wide: bool) -> Suggestions:
    """Let an exported model look at every file once; raises TrainingError where there is no usable model."""
    classifier = open_model(model)
    labels = tuple(label.id for label in classifier.metadata.labels)
    unknown = np.full(len(labels), 1 / len(labels))
    answers = progress(predict(classifier, files, wide), "asking the model", total=len(files))
    rows = [unknown if answer.probabilities is None else answer.probabilities for answer in answers]
    small = np.stack([_thumbnail(path) for path in files])
    return Suggestions(labels, np.array(rows, dtype=np.float64), hashes(small))


def _thumbnail(path: Path) -> NDArray[np.uint8]:
    try:
        return thumbnail(decode(path.read_bytes(), min_side=2 * THUMBNAIL).pixels)
    except (OSError, UnusableImage):
        return np.zeros((THUMBNAIL, THUMBNAIL), np.uint8)
