"""Temperature and threshold on logits whose truth is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.errors import TrainingError
from training.network.calibration import (
    TEMPERATURES,
    calibrate,
    coverage_threshold,
    doubt,
    fit_temperature,
    log_likelihood_loss,
    softmax,
    when_certain,
)


def overconfident(count: int, factor: float, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Labels drawn from the softmax of some logits, and these logits multiplied by `factor`."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (count, 3)).astype(np.float32)
    chances = softmax(logits)
    labels = (random.random((count, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    return logits * np.float32(factor), labels.astype(np.int64)


def test_finds_the_temperature_that_the_logits_were_multiplied_by() -> None:
    assert fit_temperature(*overconfident(20_000, 3.0)) == pytest.approx(3.0, rel=0.05)


def test_a_faultless_network_is_not_made_infinitely_sure() -> None:
    labels = np.arange(30) % 3
    logits = np.eye(3, dtype=np.float32)[labels]
    assert fit_temperature(logits, labels) == pytest.approx(TEMPERATURES[0], rel=0.01)


def test_a_faultless_network_that_is_surer_than_numbers_tell_is_doubted() -> None:
    """Its loss is 0 at many temperatures, of which the search would take any."""
    labels = np.arange(30) % 3
    temperature = fit_temperature(500 * np.eye(3, dtype=np.float32)[labels], labels)
    assert temperature == TEMPERATURES[0]
    assert "too few mistakes" in doubt(temperature)


def test_no_loss_at_all_has_no_sign() -> None:
    loss = log_likelihood_loss(np.array([[1e4, 0.0]], np.float32), np.array([0]), 1.0)
    assert f"{loss:.3f}" == "0.000"


def test_a_network_that_has_diverged_is_not_calibrated() -> None:
    logits, labels = overconfident(20, 1.0)
    logits[3, 1] = np.nan
    with pytest.raises(TrainingError, match="diverged"):
        calibrate(logits, labels, np.arange(20).astype(str))


def test_only_a_temperature_that_its_bounds_stopped_is_doubted() -> None:
    labels = np.arange(30) % 3
    faultless = np.eye(3, dtype=np.float32)[labels]
    assert "too few mistakes" in doubt(fit_temperature(faultless, labels))
    logits, _ = overconfident(300, 100.0)
    mistaken = logits.argmin(axis=1)
    assert "as sure of its mistakes" in doubt(fit_temperature(logits, mistaken))
    assert doubt(fit_temperature(*overconfident(300, 3.0))) == ""


def test_large_logits_are_calibrated_like_others() -> None:
    """`--until block4 --head gap` learns logits of a hundred; they say as much as small ones."""
    logits, labels = overconfident(2000, 60.0)
    temperature = fit_temperature(logits, labels)
    assert temperature == pytest.approx(60.0, rel=0.15)
    assert doubt(temperature) == ""
    right = float((logits.argmax(axis=1) == labels).mean())
    assert softmax(logits, temperature).max(axis=1).mean() == pytest.approx(right, abs=0.02)


def test_calibration_lowers_the_loss_on_people_it_was_not_fitted_on() -> None:
    logits, labels = overconfident(2000, 3.0)
    found = calibrate(logits, labels, np.arange(2000).astype(str))
    assert found.nll_after < 0.8 * found.nll_before
    answers = softmax(logits, found.temperature)
    certain = when_certain(answers, labels, found.threshold)
    assert certain["coverage"] == pytest.approx(0.9, abs=0.01)
    assert certain["accuracy_when_sure"] is not None
    assert certain["accuracy_when_sure"] > (logits.argmax(axis=1) == labels).mean()
    assert all(isinstance(value, float) for value in found.document().values())


def test_the_threshold_leaves_out_the_least_sure_tenth() -> None:
    confidence = np.linspace(0.505, 0.995, 100).astype(np.float32)
    threshold = coverage_threshold(confidence, np.arange(100).astype(str))
    assert (confidence >= threshold).sum() == 90


def test_people_weigh_the_same_however_many_photos_they_have() -> None:
    # Nine sure people with one photo each, one unsure person with a hundred.
    confidence = np.array([0.9] * 9 + [0.4] * 100, dtype=np.float32)
    people = np.array([f"sure-{number}" for number in range(9)] + ["unsure"] * 100)
    assert coverage_threshold(confidence, people) == pytest.approx(0.9, abs=1e-4)


def test_one_person_is_enough_to_calibrate() -> None:
    logits, labels = overconfident(40, 2.0)
    assert calibrate(logits, labels, np.array(["x"] * 40)).temperature > 0


def test_near_certainty_is_never_asked_for() -> None:
    confidence = np.full(20, 0.99999, np.float32)
    people = np.array([str(number) for number in range(20)])
    assert coverage_threshold(confidence, people) == 0.9


def test_only_typical_photos_are_certain() -> None:
    answers = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4]], dtype=np.float32)
    typical = np.array([True, False, True])
    assert when_certain(answers, np.array([0, 0, 0]), 0.7, typical) == {
        "coverage": 0.333333,
        "accuracy_when_sure": 1.0,
    }
    assert when_certain(answers, np.array([0, 0, 0]), 0.95) == {"coverage": 0.0, "accuracy_when_sure": None}
