"""Who is held out, to be asked about without having been learned from, and whether anybody can be."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

FOLDS: Final = 5

Fold = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Rows to learn from, and rows to be asked about."""


def why_nobody(labels: Sequence[str], people: Sequence[str]) -> str:
    """Why nobody can be held out of photos with these labels and people, `[N]`; empty where somebody can.

    It takes two classes, each with somebody to learn from while another is asked about.
    """
    having: dict[str, set[str]] = defaultdict(set)
    for label, person in zip(labels, people, strict=True):
        having[label].add(person)
    if len(having) < 2:
        return "there is one class only"
    alone = [label for label in sorted(having) if len(having[label]) < 2]
    return f"all photos of {', '.join(alone)} are of one person or look alike" if alone else ""


def hold_out(labels: Sequence[str], people: Sequence[str], seed: int) -> list[Fold]:
    """Parts of the photos, each once to be asked about while its people are not learned from, every class is.

    None where `why_nobody` has a reason.
    """
    if why_nobody(labels, people):
        return []
    targets = np.unique(np.array(labels), return_inverse=True)[1]
    groups = np.unique(np.array(people), return_inverse=True)[1]
    pairs = np.unique(np.stack([targets, groups], axis=1), axis=0)
    count = min(FOLDS, int(np.bincount(pairs[:, 0]).min()))
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    part_of = np.empty(len(groups), dtype=np.int64)
    for number, (_, rows) in enumerate(splitter.split(targets, targets, groups)):
        part_of[rows] = number
    for label in range(int(targets.max()) + 1):
        own = targets == label
        if len(set(part_of[own].tolist())) < 2:
            # Two or three people, with photos of other classes too, that fell into one part.
            part_of[groups == groups[own][0]] = part_of.max() + 1
    parts: list[Any] = np.unique(part_of).tolist()
    return [(np.flatnonzero(part_of != part), np.flatnonzero(part_of == part)) for part in parts]
