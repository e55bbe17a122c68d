"""Metrics against scikit-learn, by hand where it has none, and intervals over people."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn import metrics as reference

from training.errors import TrainingError
from training.measuring.bootstrap import Floats
from training.measuring.metrics import Scores, confusion_matrix, score

NAMES = ("a", "b", "c")


def answers(count: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    logits = random.normal(0, 1, (count, 3)) + 1.5 * np.eye(3)[labels]
    odds = np.exp(logits)
    return (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32), labels


@pytest.fixture(scope="module")
def scores() -> Scores:
    probabilities, labels = answers(200)
    return score(probabilities, labels, np.arange(200).astype(str), NAMES, draws=300)


def test_agrees_with_scikit_learn(scores: Scores) -> None:
    probabilities, labels = answers(200)
    top = probabilities.argmax(axis=1)
    precision, recall, f1, support = reference.precision_recall_fscore_support(labels, top)
    assert scores.accuracy.value == pytest.approx(reference.accuracy_score(labels, top))
    assert scores.balanced_accuracy.value == pytest.approx(reference.balanced_accuracy_score(labels, top))
    assert [entry.precision.value for entry in scores.classes] == pytest.approx(list(precision))
    assert [entry.recall.value for entry in scores.classes] == pytest.approx(list(recall))
    assert [entry.f1.value for entry in scores.classes] == pytest.approx(list(f1))
    assert [entry.support for entry in scores.classes] == list(support)
    np.testing.assert_array_equal(scores.confusion, reference.confusion_matrix(labels, top))


def test_intervals_hold_the_value_and_have_the_width_of_a_binomial(scores: Scores) -> None:
    accuracy = scores.accuracy
    assert accuracy.low < accuracy.value < accuracy.high
    binomial = 2 * 1.96 * np.sqrt(accuracy.value * (1 - accuracy.value) / 200)
    assert accuracy.high - accuracy.low == pytest.approx(binomial, rel=0.2)


def test_same_seed_same_intervals(scores: Scores) -> None:
    probabilities, labels = answers(200)
    again = score(probabilities, labels, np.arange(200).astype(str), NAMES, draws=300)
    assert again.accuracy == scores.accuracy


def test_repeated_photos_of_a_person_do_not_narrow_the_interval(scores: Scores) -> None:
    probabilities, labels = answers(200)
    people = np.arange(200).astype(str)
    repeated = score(
        np.repeat(probabilities, 4, axis=0), np.repeat(labels, 4), np.repeat(people, 4), NAMES, draws=300
    )
    assert repeated.images == 800
    assert repeated.people == 200
    assert repeated.accuracy == scores.accuracy


def test_calibration_error_by_hand() -> None:
    # Two bins: 0.6 with half of them right, 0.9 with all of them right.
    probabilities = np.array([[0.6, 0.4], [0.6, 0.4], [0.9, 0.1], [0.9, 0.1]], dtype=np.float32)
    measured = score(probabilities, np.array([0, 1, 0, 0]), np.array(list("wxyz")), ("a", "b"), draws=10)
    assert measured.calibration_error.value == pytest.approx(0.5 * 0.1 + 0.5 * 0.1)


def test_calibration_error_by_chance_by_hand() -> None:
    # One photo, right six times in ten: off by 0.4 then, by 0.6 otherwise.
    probabilities = np.array([[0.6, 0.4]], dtype=np.float32)
    measured = score(probabilities, np.array([0]), np.array(["x"]), ("a", "b"), draws=4000)
    chance = measured.chance_calibration_error
    assert (chance.value, chance.low, chance.high) == pytest.approx((0.4, 0.4, 0.6))


@pytest.mark.parametrize(("confidence", "photos"), [(0.999, 10), (0.99, 2), (0.9999, 300)])
def test_a_rare_mistake_leaves_what_chance_shows_within_its_range(confidence: float, photos: int) -> None:
    """One of ten photos at 99.9 % is wrong in a hundredth of the draws, and ten points off then."""
    probabilities = np.tile(np.array([[confidence, 1 - confidence]], dtype=np.float32), (photos, 1))
    people = np.arange(photos).astype(str)
    chance = score(probabilities, np.zeros(photos, np.int64), people, ("a", "b")).chance_calibration_error
    assert chance.low <= chance.value <= chance.high
    assert chance.value == pytest.approx(1 - confidence, abs=1e-6)  # as it is without any mistake


def test_many_photos_leave_little_to_chance() -> None:
    probabilities, labels = answers(4000)
    people = np.arange(len(labels)).astype(str)
    measured = score(probabilities, labels, people, NAMES, draws=100)
    assert measured.chance_calibration_error.high < 0.05


def test_a_class_without_photos_is_undefined_and_not_zero() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]], dtype=np.float32)
    measured = score(probabilities, np.array([0, 1]), np.array(["x", "y"]), NAMES, draws=50)
    absent = measured.classes[2]
    assert absent.recall.document() == {"value": None, "low": None, "high": None}
    assert absent.precision.percent() == "-"
    assert measured.balanced_accuracy.value == 1.0


def test_too_few_people_give_no_interval() -> None:
    probabilities, labels = answers(20)
    measured = score(probabilities, labels, np.array(["x", "y"] * 10), NAMES, draws=20)
    assert measured.accuracy.document() == {"value": 0.75, "low": None, "high": None}
    assert measured.accuracy.percent() == "75.0 % (-)"


def test_calibration_error_has_no_interval() -> None:
    # Exact confidences: percentiles of resampled errors would leave out the truth, which is 0.
    probabilities, labels = answers(200)
    measured = score(probabilities, labels, np.arange(200).astype(str), NAMES, draws=20)
    assert measured.accuracy.document()["low"] is not None
    found = measured.calibration_error
    assert found.document() == {"value": round(found.value, 6), "low": None, "high": None}
    assert found.alone() == f"{100 * found.value:.1f} %"


def test_a_class_that_is_always_right_is_only_as_sure_as_its_people_are_many() -> None:
    labels = np.repeat([0, 1], (6, 40))
    probabilities = np.eye(2, dtype=np.float32)[labels]
    people = np.arange(46).astype(str)
    measured = score(probabilities, labels, people, ("a", "b"), draws=50)
    few, many = (entry.recall for entry in measured.classes)
    # Clopper and Pearson's bound for n of n: (alpha / 2) ** (1 / n), by scipy's binomtest.
    assert few.low == pytest.approx(binomtest(6, 6).proportion_ci().low)
    assert many.low == pytest.approx(binomtest(40, 40).proportion_ci().low)
    assert few.high == many.high == 1
    wrong = score(probabilities[:, ::-1], labels, people, ("a", "b"), draws=50)
    assert wrong.accuracy.high == pytest.approx(binomtest(0, 46).proportion_ci().high)
    # The mean of the classes is as sure as its rarest class.
    assert measured.balanced_accuracy.low == few.low
    assert wrong.balanced_accuracy.high == pytest.approx(binomtest(0, 6).proportion_ci().high)


def test_answers_that_are_no_numbers_are_an_error() -> None:
    probabilities, labels = answers(20)
    probabilities[3] = np.nan
    with pytest.raises(TrainingError, match="Expected finite probabilities"):
        score(probabilities, labels, np.arange(20).astype(str), NAMES)


def test_intervals_do_not_depend_on_how_many_draws_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    probabilities, labels = answers(50)
    people = np.arange(50).astype(str)
    at_once = score(probabilities, labels, people, NAMES, draws=40)
    monkeypatch.setattr("training.measuring.bootstrap._CELLS_AT_ONCE", 150)
    assert score(probabilities, labels, people, NAMES, draws=40).accuracy == at_once.accuracy


def test_confusion_matrix_has_the_truth_in_rows() -> None:
    matrix = confusion_matrix(np.array([0, 0, 1]), np.array([1, 0, 1]), 2)
    assert matrix.tolist() == [[1, 1], [0, 1]]


def test_no_photos_is_an_error() -> None:
    empty: Floats = np.empty((0, 3))
    with pytest.raises(TrainingError, match="Received: none"):
        score(empty.astype(np.float32), np.empty(0, np.int64), np.empty(0, np.str_), NAMES)
