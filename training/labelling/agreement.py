"""How well two people agree: the share of equal labels, and Cohen's kappa, which allows for chance."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from training.labelling.journal import Answers


@dataclass(frozen=True)
class Agreement:
    """Two raters on the photos that both have labelled."""

    raters: tuple[str, str]
    photos: int
    share: float
    """Of equal labels, 0..1."""
    kappa: float | None
    """-1..1; None where chance alone would give full agreement."""
    differing: tuple[str, ...]
    """Files with two labels."""


def compare(first: str, second: str, answers: dict[str, Answers]) -> Agreement | None:
    """Compare two raters; None where no photo was labelled by both."""
    mine, theirs = _labels(answers.get(first, {})), _labels(answers.get(second, {}))
    both = sorted(mine.keys() & theirs.keys())
    if not both:
        return None
    a, b = [mine[file] for file in both], [theirs[file] for file in both]
    differing = tuple(file for file in both if mine[file] != theirs[file])
    return Agreement((first, second), len(both), 1 - len(differing) / len(both), _kappa(a, b), differing)


def _kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Cohen, "A coefficient of agreement for nominal scales" (1960)."""
    count, mine, theirs = len(first), Counter(first), Counter(second)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / count
    chance = sum(mine[label] * theirs[label] for label in mine) / count**2
    return (observed - chance) / (1 - chance) if chance < 1 else None


def _labels(answers: Answers) -> dict[str, str]:
    return {file: entry.label for file, entry in answers.items() if entry.action == "label"}
