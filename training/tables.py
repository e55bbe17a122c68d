"""Plain text tables for people."""

import unicodedata
from collections.abc import Sequence
from typing import Final

_NO_COLUMN: Final = {"Mn", "Me", "Cf"}
"""Categories of marks that stand over or under a letter, and of signs that are not seen."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Lines with aligned columns: the first `left` columns to the left, the others to the right."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(header))]
    return [
        "  ".join(
            cell + _space(cell, width) if column < left else _space(cell, width) + cell
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def _space(cell: str, width: int) -> str:
    return " " * (width - _width(cell))


def _width(text: str) -> int:
    """Columns of a terminal that a text takes (Unicode, annex 11): two for a wide letter, none for a mark."""
    shown = [letter for letter in text if unicodedata.category(letter) not in _NO_COLUMN]
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in shown)
