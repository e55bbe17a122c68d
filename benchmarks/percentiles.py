"""Of what was measured, where some of it may be missing."""

import math
import statistics
from collections.abc import Iterable, Sequence

import numpy as np


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so many of 100 do not exceed; not a number where there is none."""
    return float(np.percentile(values, share)) if values else math.nan


def median(values: Iterable[float]) -> float:
    """Leaves out what is not a number; that itself where there is nothing else."""
    known = [value for value in values if not math.isnan(value)]
    return statistics.median(known) if known else math.nan
