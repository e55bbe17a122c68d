"""How often a classifier is right, how well it knows that, and how far the numbers can be trusted.

Every number comes from sums over photos (a confusion matrix and a reliability histogram), so that the same
few formulas serve the point estimate and all resamples at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import count_people
from training.errors import TrainingError
from training.measuring.bootstrap import Floats, interval, resample

if TYPE_CHECKING:
    from scipy import sparse

CALIBRATION_BINS: Final = 15
CALIBRATION_ERROR: Final = 2
"""Its place in `_statistics`."""
DRAWS: Final = 2000
SEED: Final = 0
"""The same answers have the same intervals."""
NO_INTERVAL: Final = "(-)"
"""Said in place of one that is not defined."""
TOO_FEW: Final = "too few for an interval"
"""What that means."""
FEWEST_PEOPLE: Final = 5
"""With fewer there is no interval: drawn again and again, they would seem to agree with themselves."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval over people; NaN where it is not defined (0 / 0, or too few people)."""

    value: float
    low: float
    high: float

    def document(self) -> dict[str, float | None]:
        """For JSON, which has no NaN."""
        pairs = {"value": self.value, "low": self.low, "high": self.high}
        return {key: None if np.isnan(number) else round(number, 6) for key, number in pairs.items()}

    def percent(self) -> str:
        """For people: `93.8 % (90.1-96.4)`."""
        if np.isnan(self.value):
            return "-"
        if np.isnan(self.low):
            return f"{self.alone()} {NO_INTERVAL}"
        return f"{self.alone()} ({100 * self.low:.1f}-{100 * self.high:.1f})"

    def alone(self) -> str:
        """The number without its interval: `93.8 %`."""
        return f"{100 * self.value:.1f} %"


@dataclass(frozen=True)
class ClassScores:
    """One class: the share of its answers that is right (precision), of its photos found (recall)."""

    label: str
    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int
    """Photos of this class."""


@dataclass(frozen=True)
class Scores:
    """Everything measured on one set of photos."""

    accuracy: Estimate
    balanced_accuracy: Estimate
    """Mean recall of the classes that occur."""
    calibration_error: Estimate
    """Expected calibration error (Guo et al. 2017), 15 bins of equal width. Without an interval: a sum of
    absolute values grows with every resampling."""
    chance_calibration_error: Estimate
    """What these confidences would show if they were exactly true: median, and the range of 95 %."""
    classes: tuple[ClassScores, ...]
    confusion: NDArray[np.int64]
    """`[C, C]`: rows are the truth, columns the answers."""
    images: int
    people: int
    """As many as photos where nobody is named."""


def confusion_matrix(
    labels: NDArray[np.int64], answers: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Count photos by truth (rows) and answer (columns): int64 `[classes, classes]`."""
    cells = np.bincount(labels * classes + answers, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


def score(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int64],
    people: NDArray[np.str_],
    names: Sequence[str],
    draws: int = DRAWS,
) -> Scores:
    """Measure probabilities `[M, C]` against the right classes `[M]`, with intervals over people `[M]`.

    Raises TrainingError if there are no photos.
    """
    if not len(labels):
        raise TrainingError("Expected photos to measure on. Received: none.")
    if not np.isfinite(probabilities).all():
        raise TrainingError("Expected finite probabilities. Received: NaN, from a network that has diverged.")
    count = len(names)
    rows = _sums_per_photo(probabilities, labels, count)

    def statistic(sums: Floats) -> Floats:
        return _statistics(sums, count)

    values = statistic(np.asarray(rows.sum(axis=0), dtype=np.float64).reshape(1, -1))[0]
    low, high = interval(resample(rows, people, statistic, draws, SEED))
    answers = probabilities.argmax(axis=1)
    _widen(values, low, high, _people_behind(answers, labels, people, count))
    estimates = [Estimate(*map(float, triple)) for triple in zip(values, low, high, strict=True)]
    confusion = confusion_matrix(labels, answers, count)
    accuracy, balanced_accuracy, calibration_error = estimates[:3]
    classes = []
    for index, name in enumerate(names):
        precision, recall, f1 = estimates[3 + index :: count]
        classes.append(ClassScores(name, precision, recall, f1, int(confusion[index].sum())))
    return Scores(
        accuracy=accuracy,
        balanced_accuracy=balanced_accuracy,
        calibration_error=calibration_error,
        chance_calibration_error=_by_chance(probabilities, draws),
        classes=tuple(classes),
        confusion=confusion,
        images=len(labels),
        people=count_people(people),
    )


def _sums_per_photo(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], classes: int
) -> "sparse.csr_array":
    """One row per photo: its cell of the confusion matrix, hits and confidence in its reliability bin."""
    from scipy import sparse  # here, as it takes long

    answers = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1).astype(np.float64)
    bins = bins_of(confidence)
    cells = classes * classes
    columns = np.stack([labels * classes + answers, cells + bins, cells + CALIBRATION_BINS + bins], axis=1)
    data = np.stack([np.ones(len(labels)), (answers == labels).astype(np.float64), confidence], axis=1)
    photos = np.repeat(np.arange(len(labels)), 3)
    shape = (len(labels), cells + 2 * CALIBRATION_BINS)
    return sparse.csr_array((data.ravel(), (photos, columns.ravel())), shape=shape)


def _statistics(sums: Floats, classes: int) -> Floats:
    """Accuracy, balanced accuracy, calibration error; then precision, recall and F1 of every class."""
    confusion = sums[:, : classes * classes].reshape(-1, classes, classes)
    hits, confidence = np.split(sums[:, classes * classes :], 2, axis=1)
    right = np.diagonal(confusion, axis1=1, axis2=2)
    actual, called, total = confusion.sum(axis=2), confusion.sum(axis=1), confusion.sum(axis=(1, 2))
    recall = _ratio(right, actual)
    balanced = _ratio(np.nansum(recall, axis=1), (actual > 0).sum(axis=1))
    calibration_error = np.abs(hits - confidence).sum(axis=1) / total
    overall = np.stack([right.sum(axis=1) / total, balanced, calibration_error], axis=1)
    return np.concatenate(
        [overall, _ratio(right, called), recall, _ratio(2 * right, actual + called)], axis=1
    )


def _people_behind(
    answers: NDArray[np.int64], labels: NDArray[np.int64], people: NDArray[np.str_], classes: int
) -> NDArray[np.int64]:
    """How many people each of `_statistics` is about; balanced accuracy, those of its rarest class."""
    asked = np.array([len(np.unique(people[labels == index])) for index in range(classes)])
    called = np.array([len(np.unique(people[answers == index])) for index in range(classes)])
    either = [len(np.unique(people[(labels == index) | (answers == index)])) for index in range(classes)]
    everybody = len(np.unique(people))
    return np.array([everybody, asked[asked > 0].min(), everybody, *called, *asked, *either])


def _widen(values: Floats, low: Floats, high: Floats, people: NDArray[np.int64]) -> None:
    """Take away intervals over too few people and of the calibration error, and widen those of 0 and 1.

    Those no draw ever leaves; the bound is that of as many people who are all right, or all wrong (Clopper &
    Pearson 1934).
    """
    low[people < FEWEST_PEOPLE] = high[people < FEWEST_PEOPLE] = np.nan
    low[CALIBRATION_ERROR] = high[CALIBRATION_ERROR] = np.nan
    bound = 0.025 ** (1 / np.maximum(people, 1))
    share = np.arange(len(values)) != CALIBRATION_ERROR
    low[:] = np.where(share & (low == 1), bound, low)
    high[:] = np.where(share & (high == 0), 1 - bound, high)


def bins_of(confidence: Floats) -> NDArray[np.int64]:
    """The reliability bin of each confidence."""
    return np.clip((confidence * CALIBRATION_BINS).astype(np.int64), 0, CALIBRATION_BINS - 1)


def _by_chance(probabilities: NDArray[np.float32], draws: int) -> Estimate:
    """The calibration error of answers that are right as often as they say, photo by photo independently.

    The error is a sum of absolute differences, so that on few photos chance alone makes it far from 0. Its
    median, as a mistake so rare that the range leaves it out can draw the mean out of the range.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    bins, rng = bins_of(confidence), np.random.default_rng(SEED)
    errors = np.empty(draws)
    for number in range(draws):
        excess = (rng.random(len(confidence)) < confidence) - confidence
        errors[number] = np.abs(np.bincount(bins, excess, CALIBRATION_BINS)).sum() / len(confidence)
    return Estimate(*map(float, np.quantile(errors, (0.5, 0.025, 0.975))))


def _ratio(numerator: Floats, denominator: Floats | NDArray[np.int64]) -> Floats:
    """Division with NaN for 0 / 0."""
    undefined = np.full(np.shape(numerator), np.nan)
    quotient: Floats = np.divide(numerator, denominator, out=undefined, where=denominator > 0)
    return quotient
