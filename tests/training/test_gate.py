"""Which of two accuracies a smaller graph is judged by."""

from collections.abc import Sequence

import numpy as np
import pytest

from training.gate import Measure, Refused, Verdict
from training.metrics import score
from training.parity import agreement

FREQUENT, RARE = 300, 40


def verdict(wrong: Sequence[int]) -> Verdict:
    """All photos right before, and all but some after; the first 300 are of the frequent class."""
    labels = np.repeat([0, 1], [FREQUENT, RARE])
    before = np.eye(2, dtype=np.float32)[labels] * 0.8 + 0.1
    after = before.copy()
    after[list(wrong)] = after[list(wrong)][:, ::-1]
    people = np.arange(len(labels)).astype(str)
    scores = [score(answers, labels, people, ["frequent", "rare"]) for answers in (before, after)]
    return Verdict(scores[0], scores[1], agreement(before, after), {})


@pytest.mark.parametrize(
    ("wrong", "measure", "said"),
    [
        ([0, 1], "accuracy", "accuracy 100.0% became 99.4%"),
        ([0, 1], "balanced_accuracy", None),
        ([FREQUENT], "accuracy", None),
        ([FREQUENT], "balanced_accuracy", "balanced accuracy 100.0% became 98.8%"),
        (range(7), "balanced_accuracy", "the answer is the same for 97.9% of 340 photos"),
    ],
)
def test_half_a_point_of_what_is_measured_may_go(
    wrong: Sequence[int], measure: Measure, said: str | None
) -> None:
    found = verdict(wrong)
    if said is None:
        found.check("A smaller graph", measure=measure)
        return
    with pytest.raises(Refused, match=r"A smaller graph costs too much") as refusal:
        found.check("A smaller graph", measure=measure)
    assert said in str(refusal.value)
