"""What a model thinks of photos that nobody has labelled, and which of them to ask about first.

Active learning in its plainest form: the least certain photos first (margin sampling, Scheffer et al. 2001);
among those, the one that is least like anything labelled, so that the first hundred answers are not about
one face.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

CLOSEST: Final = 32
"""So many of the least certain photos compete for being the most unlike."""
SURE: Final = 0.9
"""Confidence from which a suggestion is counted as sure."""


@dataclass(frozen=True)
class Suggestions:
    """A model's opinion of every photo, rows in the order of the files."""

    labels: tuple[str, ...]
    probabilities: NDArray[np.float64]
    """`[N, C]`; equal numbers for a file that cannot be read, or is unlike all that the model knows."""
    looks: NDArray[np.float32]
    """What the photos look like: vectors `[N, D]` of length one."""

    def best(self, index: int) -> tuple[str, float]:
        """The suggested label and its confidence."""
        row = self.probabilities[index]
        return self.labels[int(row.argmax())], float(row.max())

    def knows(self, index: int) -> bool:
        """Whether there is a suggestion at all: of equal numbers the first would only stand first."""
        return bool(np.ptp(self.probabilities[index]) > 0)

    @staticmethod
    def is_sure(confidence: float) -> bool:
        """Whether a suggestion of this confidence need not be confirmed by hand."""
        return confidence >= SURE

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
