"""Intervals from resampled people.

Photos of one person are alike, so that resampling photos would promise too much. Whole people are drawn with
replacement instead (the cluster bootstrap: Davison & Hinkley 1997, section 3.8).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

Floats = NDArray[np.float64]

_CELLS_AT_ONCE = 4_000_000
_TAILS: Final = (2.5, 97.5)
"""Percentiles: 95 % of the draws lie between them."""


def resample(
    rows: "sparse.csr_array",
    people: NDArray[np.str_],
    statistic: Callable[[Floats], Floats],
    draws: int,
    seed: int,
) -> Floats:
    """A statistic of the sums of `rows` `[photos, K]` in every resample: float64 `[draws, M]`.

    `statistic` turns sums `[draws, K]` into values `[draws, M]`; it may be called for some draws at a time.
    """
    from scipy import sparse  # here, as it takes long

    ids, person_of_photo = np.unique(people, return_inverse=True)
    photos = np.arange(len(people))
    membership = sparse.csr_array(
        (np.ones(len(people)), (person_of_photo, photos)), shape=(len(ids), len(people))
    )
    per_person = sparse.csr_array(membership @ rows)
    random = np.random.default_rng(seed)
    chances = np.full(len(ids), 1 / len(ids))
    step = max(1, _CELLS_AT_ONCE // max(per_person.shape))
    values = []
    for start in range(0, draws, step):
        times_drawn = random.multinomial(len(ids), chances, size=min(step, draws - start))
        values.append(statistic(np.asarray((per_person.T @ times_drawn.T).T, dtype=np.float64)))
    return np.concatenate(values)


def interval(values: Floats) -> tuple[Floats, Floats]:
    """The 95 % of the draws of each column, from and to; NaN where a column has no value at all."""
    defined = ~np.isnan(values).all(axis=0)
    low, high = np.full((2, values.shape[1]), np.nan)
    if defined.any():
        low[defined], high[defined] = np.nanpercentile(values[:, defined], _TAILS, axis=0)
    return low, high
