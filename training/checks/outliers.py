"""Photos unlike all others: far from their nearest neighbours among the features."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from training.checks.findings import Finding

NEIGHBOURS: Final = 5
ODD: Final = 4.0
"""Robust standard deviations above the median distance."""
FEWEST: Final = 20
"""With fewer photos there is no saying what is usual."""


def find_outliers(features: NDArray[np.float16], names: Sequence[str]) -> Iterator[Finding]:
    """Photos whose distance to their fifth neighbour is far above the usual; `features` is `[N, D]`."""
    if len(features) < FEWEST:
        return
    values = np.sqrt(features.astype(np.float32))  # tames the few very large activations
    values /= np.linalg.norm(values, axis=1, keepdims=True) + 1e-6
    distances, _ = (
        NearestNeighbors(n_neighbors=NEIGHBOURS + 1, algorithm="brute").fit(values).kneighbors(values)
    )
    logs = np.log(distances[:, -1] + 1e-3)
    spread = 1.4826 * float(np.median(np.abs(logs - np.median(logs)))) + 0.01
    for index, score in enumerate((logs - np.median(logs)) / spread):
        if score > ODD:
            detail = f"{score:.1f} times the usual spread away from the nearest photos"
            yield Finding("outlier", detail, (names[index],), float(score))
