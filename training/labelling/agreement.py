"""How well two people agree: the share of equal labels, and Cohen's kappa, which allows for chance."""

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
    from sklearn.metrics import cohen_kappa_score  # takes seconds, which most days nobody needs

    mine, theirs = _labels(answers.get(first, {})), _labels(answers.get(second, {}))
    both = sorted(mine.keys() & theirs.keys())
    if not both:
        return None
    a, b = [mine[file] for file in both], [theirs[file] for file in both]
    differing = tuple(file for file in both if mine[file] != theirs[file])
    kappa = float(cohen_kappa_score(a, b)) if len({*a, *b}) > 1 else None
    return Agreement((first, second), len(both), 1 - len(differing) / len(both), kappa, differing)


def _labels(answers: Answers) -> dict[str, str]:
    return {file: entry.label for file, entry in answers.items() if entry.action == "label"}
