"""Of what was measured, where some of it may be missing."""

import math
import statistics
from collections.abc import Iterable


def median(values: Iterable[float]) -> float:
    """Leaves out what is not a number; that itself where there is nothing else."""
    known = [value for value in values if not math.isnan(value)]
    return statistics.median(known) if known else math.nan
