"""Which of two accuracies a smaller graph is judged by."""

from collections.abc import Sequence

import numpy as np
import pytest

from training.bundles.gate import Measure, Refused, Verdict
from training.graph.parity import agreement
from training.measuring.metrics import score

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


def test_a_rare_class_cannot_pay_for_int8() -> None:
    """Three of six photos are lost and as many of the other class won: accuracy and balance stand still."""
    labels = np.repeat([0, 1], (340, 6))
    before = np.eye(2, dtype=np.float32)[labels] * 0.8 + 0.1
    before[:3] = before[:3, ::-1]
    after = before.copy()
    after[[0, 1, 2, 340, 341]] = after[[0, 1, 2, 340, 341]][:, ::-1]
    people = np.arange(len(labels)).astype(str)
    scores = [score(answers, labels, people, ["frequent", "rare"]) for answers in (before, after)]
    with pytest.raises(Refused, match=r"of 6 photos of rare 6 were found, and 4 would be \(at most 1 fewer"):
        Verdict(scores[0], scores[1], agreement(before, after), {}).check("int8")


def test_exactly_half_a_point_may_go() -> None:
    labels, people = np.zeros(200, np.int64), np.arange(200).astype(str)
    before = np.tile(np.array([[0.9, 0.1]], np.float32), (200, 1))
    before[0] = before[0, ::-1]
    after = before.copy()
    after[1] = after[1, ::-1]
    scores = [score(answers, labels, people, ["a", "b"]) for answers in (before, after)]
    assert scores[0].accuracy.value - scores[1].accuracy.value > 0.005  # by rounding alone
    Verdict(scores[0], scores[1], agreement(before, after), {}).check("int8")
