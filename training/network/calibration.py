"""Honest probabilities: one temperature for the logits, and a threshold for "not sure".

Temperature scaling divides all logits by one number that minimises the negative log-likelihood of the
held-out photos (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017). The answers stay the
same; only the confidence changes.

The threshold is the confidence that 90 % of the held-out people's photos reach, every person counting the
same, and never over 0.9; under it an answer is "not sure".

SciPy, which takes long to import, is only where something is computed.
"""

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError

Floats = NDArray[np.float64]

COVERAGE: Final = 0.9
# A network without a mistake on a few held-out people would be made infinitely sure of itself. The scale of
# logits is the head's own: on the pooled maps of block 4, up to hundreds, so that a good network needs 30.
TEMPERATURES: Final = (0.5, 1000.0)
AT_BOUND: Final = 1e-3
"""A temperature that is nearer to a bound than this share of it was stopped by it."""
# Where nine photos in ten are answered with near certainty, the tenth at 99 % is sure enough for anybody.
HIGHEST_THRESHOLD: Final = 0.9
_FOLDS: Final = 5


@dataclass(frozen=True)
class Calibration:
    """What was fitted on the held-out people, and what it changed."""

    temperature: float
    threshold: float
    nll_before: float
    nll_after: float
    """Negative log-likelihood with temperatures fitted on other people (5 folds)."""

    def document(self) -> dict[str, float]:
        """For the metadata of the bundle."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


def softmax(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float32]:
    """Probabilities `[M, C]` of logits `[M, C]` that are divided by a temperature."""
    from scipy.special import log_softmax

    logarithms: Floats = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return np.exp(logarithms).astype(np.float32)


def doubt(temperature: float) -> str:
    """What a temperature at one of its bounds says about the network; empty for any other."""
    low, high = TEMPERATURES
    if np.isclose(temperature, high, rtol=AT_BOUND):
        return (
            f"The temperature is at its bound of {high:g}: the network is as sure of its mistakes as of the "
            "rest, so confidence and threshold mean little. More photos, or fewer epochs, help."
        )
    if np.isclose(temperature, low, rtol=AT_BOUND):
        return (
            f"The temperature is at its bound of {low:g}: there are too few mistakes on the validation "
            "photos to tell how sure the network may be, so confidence and threshold are a guess."
        )
    return ""


def log_likelihood_loss(logits: NDArray[np.float32], labels: NDArray[np.int64], temperature: float) -> float:
    """Mean negative log-likelihood of the right classes."""
    from scipy.special import log_softmax

    scores = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    # Subtracted, so that no loss at all is 0 and not -0, as the card would say.
    return 0.0 - float(scores[np.arange(len(labels)), labels].mean())


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The temperature, within 0.5 to 1,000, that makes the right classes most likely."""
    from scipy.optimize import minimize_scalar

    best = minimize_scalar(
        lambda power: log_likelihood_loss(logits, labels, float(np.exp(power))),
        bounds=tuple(np.log(TEMPERATURES)),
        method="bounded",
    )
    if best.fun <= 0:  # so sure, and never wrong, that around here all temperatures are the same
        return TEMPERATURES[0]
    return float(np.exp(best.x))


def coverage_threshold(confidence: NDArray[np.float32], people: NDArray[np.str_]) -> float:
    """The largest confidence, up to 0.9, that a share COVERAGE of the photos reach; people weigh alike."""
    _, person_of_photo, photos = np.unique(people, return_inverse=True, return_counts=True)
    weight = 1.0 / photos[person_of_photo]
    order = np.argsort(-confidence, kind="stable")
    covered = np.cumsum(weight[order]) / weight.sum()
    last = min(int(np.searchsorted(covered, COVERAGE - 1e-9)), len(order) - 1)
    # Rounded down, so that the photo at the edge stays above it on any machine.
    return min(HIGHEST_THRESHOLD, float(np.floor(float(confidence[order[last]]) * 1e4) / 1e4))


def calibrate(
    logits: NDArray[np.float32], labels: NDArray[np.int64], people: NDArray[np.str_]
) -> Calibration:
    """Fit temperature and threshold on held-out logits `[M, C]`, right classes `[M]` and people `[M]`.

    Raises TrainingError for logits that are no numbers.
    """
    if not np.isfinite(logits).all():
        raise TrainingError("Expected finite logits. Received: NaN, from a network that has diverged.")
    temperature = fit_temperature(logits, labels)
    confidence = softmax(logits, temperature).max(axis=1)
    return Calibration(
        temperature=temperature,
        threshold=coverage_threshold(confidence, people),
        nll_before=log_likelihood_loss(logits, labels, 1.0),
        nll_after=_cross_fitted_loss(logits, labels, people),
    )


def when_certain(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int64],
    threshold: float,
    typical: NDArray[np.bool_] | None = None,
) -> dict[str, float | None]:
    """Coverage and accuracy (None without any) of answers that reach a threshold, for the metadata.

    `typical` `[M]` says which photos a model with a typicality score does not refuse.
    """
    certain = probabilities.max(axis=1) >= threshold
    if typical is not None:
        certain &= typical
    right = probabilities.argmax(axis=1) == labels
    accuracy = round(float(right[certain].mean()), 6) if certain.any() else None
    return {"coverage": round(float(certain.mean()), 6), "accuracy_when_sure": accuracy}


def _cross_fitted_loss(
    logits: NDArray[np.float32], labels: NDArray[np.int64], people: NDArray[np.str_]
) -> float:
    """The loss of each fifth of the people under the temperature of the others: no one grades themselves."""
    ids, person_of_photo = np.unique(people, return_inverse=True)
    fold = (np.random.default_rng(0).permutation(len(ids)) % _FOLDS)[person_of_photo]
    losses = np.zeros(len(labels))
    for number in np.unique(fold):
        inside = fold == number
        others = ~inside if not inside.all() else inside
        temperature = fit_temperature(logits[others], labels[others])
        losses[inside] = log_likelihood_loss(logits[inside], labels[inside], temperature)
    return float(losses.mean())
