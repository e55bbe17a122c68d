"""Photos that have something in common: by what the columns of `labels.csv` say about them.

A column of few values parts the photos by value, one of many numbers into quarters; names of single things,
such as file names, part nothing.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

HIDDEN: Final = ("file", "label", "split", "person", "photo", "source_file", "geometry")
"""Columns that say what a photo is and how it is read, and no property that could make it hard."""
FEW: Final = 8
"""Numbers with more values than this are put into four parts of equal size; words with more are left out."""
SMALLEST: Final = 5
"""Photos of a part, below which its accuracy says nothing."""
BELOW, ABOVE = "less than", "more than"
PARTS: Final = ("lowest quarter", "second quarter", "third quarter", "highest quarter")


def parted(texts: Sequence[str]) -> list[str] | None:
    """The part that each value of a column belongs to; None for a column of names of single things."""
    if len(set(texts)) <= FEW:
        return [text or "unknown" for text in texts]
    numbers = np.array([_number(text) for text in texts])
    return None if np.isnan(numbers).mean() > 0.2 else quarters(numbers)


def parting(attributes: Sequence[dict[str, str]]) -> dict[str, NDArray[np.str_]]:
    """The columns of photos `[M]` that part them into two or more, and the part of each photo `[M]`."""
    columns = dict.fromkeys(name for row in attributes for name in row if name not in HIDDEN)
    found = {name: parted([row.get(name, "").strip() for row in attributes]) for name in columns}
    return {name: np.array(parts) for name, parts in found.items() if parts and len(set(parts)) > 1}


def quarters(numbers: NDArray[np.float64]) -> list[str]:
    """The quarter that each number `[M]` lies in, with the quarter's limits; NaN is `unknown`."""
    edges = np.nanquantile(numbers, [0, 0.25, 0.5, 0.75, 1])
    if len(set(edges)) < len(edges):
        return _around(numbers)
    names = [
        f"{part} ({low:.3g} to {high:.3g})" for part, low, high in zip(PARTS, edges, edges[1:], strict=False)
    ]
    which = np.searchsorted(edges[1:4], numbers, side="left")
    return [
        "unknown" if np.isnan(number) else names[part] for number, part in zip(numbers, which, strict=True)
    ]


def in_order(values: Iterable[str]) -> list[str]:
    """Each part once: quarters and numbers from low to high, then words by the alphabet, `unknown` last."""
    order = (*PARTS, BELOW, "", ABOVE)

    def key(value: str) -> tuple[bool, int, float, str]:
        place = next((place for place, part in enumerate(order) if part and value.startswith(part)), 5)
        number = _number(value)
        return value == "unknown", place, 0.0 if np.isnan(number) else number, value

    return sorted(set(values), key=key)


def _number(text: str) -> float:
    """NaN for what is none, or lies beyond all numbers: there is no quarter up to `inf`."""
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _around(numbers: NDArray[np.float64]) -> list[str]:
    """Below, at and above the one value that is so frequent that there are no quarters."""
    values, counts = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
    middle = values[counts.argmax()]
    names = {-1.0: f"{BELOW} {middle:g}", 0.0: f"{middle:g}", 1.0: f"{ABOVE} {middle:g}"}
    return ["unknown" if np.isnan(number) else names[float(np.sign(number - middle))] for number in numbers]
