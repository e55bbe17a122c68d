"""Is a picture like what the network learned from? A score beside the answer, from the base's features.

A classifier of eyes gives a cup of coffee a shape, often with confidence. The features say better than the
probabilities that it is no eye: their Mahalanobis distance from the training photos (Lee et al., "A Simple
Unified Framework for Detecting Out-of-Distribution Samples", NeurIPS 2018), here from all classes together,
along the directions in which the photos differ most; whatever lies outside these counts as one more
direction (Wang et al., "ViM", CVPR 2022). Features are compared as shares of a whole, by their square roots
(the Hellinger distance; Arandjelovic and Zisserman, CVPR 2012): otherwise a few loud channels decide, and
weak ones tell mouths from eyes. Typicality is the share of training photos with a larger distance,
each measured from the photos of other people, because a network's own training photos are too close.

Only means, directions and quantiles are stored, no photo's features.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.linalg import eigh

from training.errors import DAMAGED, TrainingError

Floats = NDArray[np.float32]

GRID: Final = 2
"""The map is averaged over a grid of this many places a side: upside down is not the same."""
DIRECTIONS: Final = 64
BOUND: Final = 0.07
"""Typicality under which an answer is not certain: about that many photos as good as the training photos
are refused in vain; fewer where those to come are better."""
FEWEST: Final = 50
"""Photos and, in the folds, people under which nothing can be said."""
FOLDS: Final = 5
FLATTEST: Final = 1e-3
"""Least variance of a direction, in mean variances: less would be rounding."""
SMALLEST: Final = 1e-9
"""Variance of a direction in which photos do not differ; features have length 1."""
_SHARES: Final = np.concatenate([np.linspace(0, 0.9, 19), np.linspace(0.91, 0.99, 9), [0.995, 1.0]])


@dataclass(frozen=True, eq=False)
class Distance:
    """How far a picture's features are from those of the training photos."""

    mean: Floats
    """`[F]`."""
    directions: Floats
    """Orthonormal, `[F, d]`."""
    variances: Floats
    """Along the directions, with `rest` added, `[d]`."""
    rest: Floats
    """Mean variance along any other direction, `[]`."""

    @classmethod
    def of(cls, features: Floats) -> Self:
        """Fit to the features `[M, F]` of M training photos."""
        mean = features.mean(axis=0)
        covariance = (features - mean).T @ (features - mean) / np.float32(len(features))
        size = len(covariance)
        count = min(DIRECTIONS, len(features) // 4, size)
        variances, directions = eigh(covariance, subset_by_index=(size - count, size - 1))
        total = np.trace(covariance)
        others = (total - variances.sum()) / max(size - count, 1)
        rest = np.float32(max(others, FLATTEST * total / size, SMALLEST))
        return cls(mean, directions, np.maximum(variances, 0) + rest, np.asarray(rest))

    def __call__(self, features: Any) -> Any:
        """Distances `[M]` of features `[M, F]`, as a tensor of TensorFlow."""
        moved = features - self.mean
        along = tf.matmul(moved, self.directions)
        outside = tf.reduce_sum(tf.square(moved), 1) - tf.reduce_sum(tf.square(along), 1)
        return tf.reduce_sum(tf.square(along) / self.variances, 1) + outside / self.rest


@dataclass(frozen=True, eq=False)
class Typicality:
    """The distance, and what distances are usual."""

    distance: Distance
    usual: Floats
    """Distances of held-out training photos at the shares of `_SHARES`, ascending, `[30]`."""

    @classmethod
    def of(cls, maps: NDArray[np.floating], people: NDArray[np.str_], seed: int = 0) -> Self | None:
        """Fit to the base's maps `[M, H, W, D]` of training photos of `people` `[M]`; None for too few."""
        features = np.asarray(embedded(tf.constant(maps, tf.float32)))
        ids, person = np.unique(people, return_inverse=True)
        if len(maps) < FEWEST or len(ids) < FEWEST:
            return None
        fold = (np.random.default_rng(seed).permutation(len(ids)) % FOLDS)[person]
        held_out = np.zeros(len(maps), dtype=np.float32)
        for number in range(FOLDS):
            inside = fold == number
            held_out[inside] = Distance.of(features[~inside])(features[inside])
        usual = np.quantile(held_out, _SHARES).astype(np.float32)
        # Strictly ascending, so that photos which are all alike give no division by zero.
        usual += np.arange(len(usual), dtype=np.float32) * np.float32(1e-3)
        return cls(Distance.of(features), usual)

    def __call__(self, maps: Any) -> Any:
        """Typicality `[N]`, 0..1, of pictures with the maps `[N, H, W, D]`, as a tensor of TensorFlow."""
        distance = self.distance(embedded(maps))[:, None]
        low, high = self.usual[:-1], self.usual[1:]
        passed = tf.clip_by_value((distance - low) / (high - low), 0.0, 1.0)
        less_usual = 1.0 - tf.reduce_sum(passed * np.diff(_SHARES).astype(np.float32), axis=1)
        return tf.clip_by_value(less_usual, 0.0, 1.0)

    def save(self, path: Path) -> None:
        """Write an `.npz` file."""
        np.savez(
            path, usual=self.usual, **{one.name: getattr(self.distance, one.name) for one in fields(Distance)}
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; raises TrainingError where it cannot be read."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return cls(
                    Distance(**{one.name: arrays[one.name] for one in fields(Distance)}), arrays["usual"]
                )
        except DAMAGED as error:
            raise TrainingError(f"Expected the run's typicality in {path} ({error}). Train again.") from None


def embedded(maps: Any) -> Any:
    """Roots of the means over a grid of places, of length 1: `[N, H, W, D]` to `[N, grid * grid * D]`.

    Maps of fewer than 4 places a side are averaged whole. Values under 0 count as 0.
    """
    height, width, depth = maps.shape[1:]
    grid = GRID if min(height, width) >= 2 * GRID else 1
    # One product instead of a cut and a mean for each place, which take longer than their sums.
    means = tf.matmul(_shares_of_places(grid, height, width), tf.reshape(maps, (-1, height * width, depth)))
    roots = tf.sqrt(tf.nn.relu(tf.reshape(means, (-1, grid * grid * depth))))
    return roots / (tf.sqrt(tf.reduce_sum(tf.square(roots), axis=1, keepdims=True)) + 1e-6)


def _shares_of_places(grid: int, height: int, width: int) -> Floats:
    """What each value of a map counts in the mean over each place of a grid: `[1, grid * grid, H * W]`."""
    rows = np.linspace(0, height, grid + 1).astype(int)
    columns = np.linspace(0, width, grid + 1).astype(int)
    shares = np.zeros((grid, grid, height, width), np.float32)
    for i, j in np.ndindex(grid, grid):
        place = shares[i, j, rows[i] : rows[i + 1], columns[j] : columns[j + 1]]
        place[:] = 1 / place.size
    return shares.reshape(1, grid * grid, height * width)
