"""Which channels of a layer the layers behind it can do without."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from training.pruning.moments import Floats, Moments

DAMPING: Final = 3e-3
"""Added to the variances, as a share of their mean: what the photos do not tell about stays as it was."""
MULTIPLE: Final = 16
"""Channels stay in such numbers, or all of them do: kernels compute as many at a time."""
STEPS: Final = 64
"""In at most about so many steps all channels could be gone: the price of one changes little by another."""


@dataclass(frozen=True, eq=False)
class Selection:
    """The channels that stay, and the weights that make up for the others."""

    keep: np.ndarray
    """Indices, ascending."""
    weights: Floats
    """`[kept channels * window, outputs]`."""
    bias: Floats
    """`[outputs]`."""
    unexplained: float
    """Share of the variance that those that stay leave unexplained; earlier layers have lost a part of it."""


def select(moments: Moments, known: Floats, channels: int, residual: float) -> Selection:
    """Take channels away as long as at most the share `residual` of the variance is lost by it.

    That is the variance of what is heard of the sums behind the channels (`Moments.heard`). A step takes
    those away that cost least, given that the weights of the others make up for them as well as they can.
    They are drawn towards the `known` ones, `[channels * window, outputs]`: a few hundred photos have fewer
    different windows than a layer has weights.
    """
    window = len(moments.xx) // channels
    # Of a map that is the same everywhere nothing is left but this.
    damping = max(DAMPING * np.trace(moments.xx) / len(moments.xx), np.finfo(np.float64).tiny ** 0.5)
    covariance = moments.xx + damping * np.eye(len(moments.xx))
    inverse = _solution(covariance, np.eye(len(covariance)))
    weights = inverse @ (moments.xy + damping * known)
    keep, gone, lost = np.arange(channels), np.zeros(0, dtype=int), 0.0
    step = max(1, channels // STEPS)
    while len(keep) > MULTIPLE:
        cheapest = np.argsort(_prices(inverse, weights * np.sqrt(moments.heard), len(keep), window))[:step]
        chosen = np.zeros(len(keep), dtype=bool)
        chosen[cheapest] = True
        rows = np.repeat(chosen, window)
        # What leaves: the block's own inverse says how far the others can stand in for it.
        leaving = np.linalg.solve(
            inverse[np.ix_(rows, rows)], np.hstack([weights[rows], inverse[np.ix_(rows, ~rows)]])
        )
        of_weights, of_inverse = np.split(leaving, [weights.shape[1]], axis=1)
        lost += float(np.sum(weights[rows] * of_weights * moments.heard))
        if lost > residual:
            break
        across = inverse[np.ix_(~rows, rows)]
        weights = weights[~rows] - across @ of_weights
        inverse = inverse[np.ix_(~rows, ~rows)] - across @ of_inverse
        gone = np.concatenate([gone, keep[cheapest[::-1]]])
        keep = keep[~chosen]
    back = -len(keep) % MULTIPLE
    keep = np.sort(np.concatenate([keep, gone[max(0, len(gone) - back) :]])).astype(int)
    return _solved(moments, known, damping, keep, window)


def _prices(inverse: Floats, weights: Floats, channels: int, window: int) -> Floats:
    """What it adds to the squared error to take one channel away, the others making up for it."""
    blocks = inverse.reshape(channels, window, channels, window)
    own = np.linalg.inv(blocks[np.arange(channels), :, np.arange(channels), :])
    rows = weights.reshape(channels, window, -1)
    prices: Floats = np.einsum("cso,cst,cto->c", rows, own, rows, optimize=True)
    return prices


def _solved(moments: Moments, known: Floats, damping: float, keep: np.ndarray, window: int) -> Selection:
    """Least squares for the chosen channels, free of the rounding of many steps."""
    rows = (keep[:, None] * window + np.arange(window)).ravel()
    xx, xy = moments.xx[np.ix_(rows, rows)], moments.xy[rows]
    weights = _solution(xx + damping * np.eye(len(rows)), xy + damping * known[rows])
    missed = moments.yy - (weights * (2 * xy - xx @ weights)).sum(axis=0)
    bias = moments.y_mean - moments.x_mean[rows] @ weights
    return Selection(keep, weights, bias, float(np.sum(missed * moments.heard)))


def _solution(matrix: Floats, right: Floats) -> Floats:
    """Of linear equations whose matrix is symmetric and positive definite."""
    from scipy.linalg import cho_factor, cho_solve  # here, as it takes long

    solution: Floats = cho_solve(cho_factor(matrix), right)
    return solution
