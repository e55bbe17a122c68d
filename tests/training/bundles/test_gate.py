"""Which of two accuracies a smaller graph is judged by, and how many photos of a class it may lose."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from training.bundles.gate import Measure, Refused, Verdict, lost
from training.graph.parity import agreement
from training.measuring.metrics import score

FREQUENT, RARE = 300, 40


def verdict(wrong: Sequence[int]) -> Verdict:
    """All photos right before, and all but some after; the first 300 are of the frequent class."""
    labels = np.repeat([0, 1], [FREQUENT, RARE])
    before = np.eye(2, dtype=np.float32)[labels] * 0.8 + 0.1
    after = before.copy()
    after[list(wrong)] = after[list(wrong)][:, ::-1]
    return compared(before, after, labels)


def compared(before: NDArray[np.float32], after: NDArray[np.float32], labels: NDArray[np.int64]) -> Verdict:
    """What is made of two graphs' answers `[M, 2]`, each photo of somebody else."""
    people = np.arange(len(labels)).astype(str)
    scores = [score(answers, labels, people, ["frequent", "rare"]) for answers in (before, after)]
    return Verdict(scores[0], scores[1], agreement(before, after), lost(before, after, labels), outputs={})


MOST = "(at most 0.5 points may go)"
LEAST = "(at least 98% must be)"


@pytest.mark.parametrize(
    ("wrong", "measure", "said"),
    [
        ([0, 1], "accuracy", f"accuracy 100.00% became 99.41% {MOST}"),
        ([0, 1], "balanced_accuracy", None),
        ([FREQUENT], "accuracy", None),
        ([FREQUENT], "balanced_accuracy", f"balanced accuracy 100.00% became 98.75% {MOST}"),
        (
            range(7),
            "accuracy",
            f"accuracy 100.00% became 97.94% {MOST}, the answer is the same for 97.94% of 340 photos {LEAST}",
        ),
    ],
)
def test_half_a_point_of_what_is_measured_may_go(
    wrong: Sequence[int], measure: Measure, said: str | None
) -> None:
    found = verdict(wrong)
    if said is None:
        found.check("A smaller graph", measure=measure)
        return
    with pytest.raises(Refused) as refusal:
        found.check("A smaller graph", measure=measure)
    assert str(refusal.value) == f"A smaller graph costs too much: {said}. Nothing was written."


def test_what_holds_is_not_named_beside_what_does_not() -> None:
    """Seven photos are lost and seven won: accuracy stands, and too many answers are others."""
    labels = np.repeat([0, 1], (FREQUENT, RARE))
    before = np.eye(2, dtype=np.float32)[labels] * 0.8 + 0.1
    before[:7] = before[:7, ::-1]
    after = before.copy()
    after[:14] = after[:14, ::-1]
    with pytest.raises(Refused) as refusal:
        compared(before, after, labels).check("int8")
    said = (
        f"int8 costs too much: the answer is the same for 95.88% of 340 photos {LEAST}. Nothing was written."
    )
    assert str(refusal.value) == said


def test_a_rare_class_cannot_pay_for_int8() -> None:
    """Two of six photos are lost and three of the other class won: accuracy stands."""
    labels = np.repeat([0, 1], (340, 6))
    before = np.eye(2, dtype=np.float32)[labels] * 0.8 + 0.1
    before[:3] = before[:3, ::-1]
    after = before.copy()
    after[[0, 1, 2, 340, 341]] = after[[0, 1, 2, 340, 341]][:, ::-1]
    said = r"of 6 photos of rare 6 were found, and 2 of these no longer would be \(at most 1 may be lost\)"
    with pytest.raises(Refused, match=said):
        compared(before, after, labels).check("int8")


def test_photos_that_are_won_do_not_make_up_for_lost_ones_of_their_class() -> None:
    """Three of forty photos are lost and three others won: every measure stands still."""
    labels = np.repeat([0, 1], (FREQUENT, RARE))
    before = np.eye(2, dtype=np.float32)[labels] * 0.8 + 0.1
    won, gone = slice(FREQUENT, FREQUENT + 3), slice(FREQUENT + 3, FREQUENT + 6)
    before[won] = before[won, ::-1]
    after = before.copy()
    after[won], after[gone] = before[won, ::-1], before[gone, ::-1]
    found = compared(before, after, labels)
    assert found.before.accuracy == found.after.accuracy
    with pytest.raises(Refused, match=r"of 40 photos of rare 37 were found, and 3 of these no longer"):
        found.check("int8")


def test_exactly_half_a_point_may_go() -> None:
    labels = np.zeros(200, np.int64)
    before = np.tile(np.array([[0.9, 0.1]], np.float32), (200, 1))
    before[0] = before[0, ::-1]
    after = before.copy()
    after[1] = after[1, ::-1]
    found = compared(before, after, labels)
    assert found.before.accuracy.value - found.after.accuracy.value > 0.005  # by rounding alone
    found.check("int8")


@pytest.mark.parametrize(("photos", "passes"), [(49, False), (50, True)])
def test_of_few_photos_no_answer_may_change_and_that_is_said(photos: int, passes: bool) -> None:
    labels = np.zeros(photos, np.int64)
    before = np.tile(np.array([[0.1, 0.9]], np.float32), (photos, 1))
    after = before.copy()
    after = before.copy()
    after[0] = after[0, ::-1]  # which wins a photo: accuracy does not fall
    found = compared(before, after, labels)
    if passes:
        found.check("int8")
        return
    with pytest.raises(Refused) as refusal:
        found.check("int8")
    said = "It takes 50 validation photos or more for one changed answer to pass; the bundle that this was"
    assert said in str(refusal.value)
    assert "is fine to serve. Nothing was written." in str(refusal.value)


def test_what_is_just_too_little_is_not_told_as_enough() -> None:
    """97.96 % are not 98.0 of at least 98."""
    labels = np.repeat([0, 1], (980, 49))
    before = np.eye(2, dtype=np.float32)[labels] * 0.8 + 0.1
    before[:11] = before[:11, ::-1]
    after = before.copy()
    after[:21] = after[:21, ::-1]
    with pytest.raises(Refused, match=r"the answer is the same for 97\.96% of 1029 photos \(at least 98%"):
        compared(before, after, labels).check("int8")
