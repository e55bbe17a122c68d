"""Probable wrong labels, by confident learning (Northcutt et al., JAIR 2021; cleanlab).

A linear classifier on frozen features is cross-validated with whole people held out. Where the classes are
properties of people (most labels of one person agree), the other photos of the same person are a second
witness, weighed by how often such photos agree in this very data set.

A label is doubted where its probability is far under what photos of its class usually get: the thresholds per
class of confident learning, which make up for a classifier that is more sure of one class than of another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from cleanlab.count import num_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from training.checks.holding_out import Fold, hold_out
from training.network.calibration import log_likelihood_loss, softmax

Probabilities = NDArray[np.float64]
"""`[N, C]`, rows sum to 1."""

COMPONENTS: Final = 256
REGULARISATION: Final = 0.001
"""Of features with variance 1: strong, because there are as many features as photos."""
REPEATS: Final = 3
"""Cross-validations with different folds, whose mean counts."""
DOUBTFUL: Final = 0.25
"""A label is doubted under this share of its class's mean probability; measured in benchmarks/README.md."""


@dataclass(frozen=True)
class Opinion:
    """What the cross-validated classifier thinks of every photo."""

    probabilities: Probabilities
    """With the witness of the same person's other photos."""
    accuracy: float
    """Balanced over classes, without that witness."""
    wrong: int
    """cleanlab's estimate of how many labels are wrong."""
    doubtful: NDArray[np.int64]
    """Photos whose label is doubted, the most doubtful first."""


def form_opinion(
    features: NDArray[np.float16], targets: NDArray[np.int64], people: Sequence[str], seed: int = 1
) -> Opinion | None:
    """Doubt the labels `targets` (0..C-1, `[N]`) of photos with `features` `[N, D]`.

    None where nobody of a class can be held out.
    """
    labels = [str(target) for target in targets.tolist()]
    dealt = [hold_out(labels, people, seed + repeat) for repeat in range(REPEATS)]
    if not all(dealt):
        return None
    groups = np.unique(np.array(people), return_inverse=True)[1]
    classes, values = int(targets.max()) + 1, components(features, seed)
    repeats = [_cross_validated(values, targets, folds) for folds in dealt]
    alone = _calibrated(np.mean(repeats, axis=0), targets)
    recalls = [(alone.argmax(axis=1) == label)[targets == label].mean() for label in range(classes)]
    probabilities = _with_witnesses(alone, targets, groups)
    confidence = get_label_quality_scores(targets, probabilities, method="self_confidence")
    usual = np.array([confidence[targets == label].mean() for label in range(classes)])
    quality = confidence / usual[targets]
    ranked = np.argsort(quality)
    return Opinion(
        probabilities,
        float(np.mean(recalls)),
        int(num_label_issues(targets, probabilities)),
        ranked[quality[ranked] < DOUBTFUL],
    )


def components(features: NDArray[np.float16], seed: int = 1) -> NDArray[np.float32]:
    """The main directions of the standardised features, `[N, 256]` at most."""
    values = features.astype(np.float32)
    values -= values.mean(axis=0)
    values /= values.std(axis=0) + 1e-3
    count = min(COMPONENTS, len(values) - 1, values.shape[1])
    pca = PCA(count, copy=False, svd_solver="randomized", random_state=seed)  # a copy is 17 kB a photo
    reduced: NDArray[np.float32] = pca.fit_transform(values)
    return reduced


def _cross_validated(
    values: NDArray[np.float32], targets: NDArray[np.int64], folds: Sequence[Fold]
) -> Probabilities:
    result = np.full((len(targets), int(targets.max()) + 1), 1e-6)
    for train, held_out in folds:
        model = LogisticRegression(C=REGULARISATION, max_iter=500).fit(values[train], targets[train])
        result[np.ix_(held_out, model.classes_)] += model.predict_proba(values[held_out])
    scaled: Probabilities = result / result.sum(axis=1, keepdims=True)
    return scaled


def _calibrated(probabilities: Probabilities, targets: NDArray[np.int64]) -> Probabilities:
    """As sure as it is right: how far to trust the regularised classifier depends on the data."""
    logarithms = np.log(probabilities).astype(np.float32)
    power = minimize_scalar(
        lambda power: log_likelihood_loss(logarithms, targets, float(np.exp(power))),
        bounds=(-5, 2),
        method="bounded",
    ).x
    return softmax(logarithms, float(np.exp(power))).astype(np.float64)


def _with_witnesses(
    probabilities: Probabilities, targets: NDArray[np.int64], groups: NDArray[np.int64]
) -> Probabilities:
    """Multiply by the likelihood of the same person's other labels; without other photos nothing changes."""
    count, classes = probabilities.shape
    votes = np.zeros((int(groups.max()) + 1, classes))
    np.add.at(votes, (groups, targets), 1)
    own = np.eye(classes)[targets]
    others = votes[groups] - own
    total = others.sum(axis=1)
    if total.sum() == 0:
        return probabilities
    shares = others / np.maximum(total, 1)[:, None]
    agreement = np.clip((others * own).sum() / total.sum(), 0.01, 0.99)
    prior = np.bincount(targets, minlength=classes) / count
    same, different = np.log(agreement / prior), np.log((1 - agreement) / np.maximum(1 - prior, 1e-6))
    evidence = np.where(total[:, None] > 0, shares * same + (1 - shares) * different, 0)
    logits = np.log(probabilities + 1e-9) + evidence
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    scaled: Probabilities = weights / weights.sum(axis=1, keepdims=True)
    return scaled
