"""How much the tags of a TIFF file hold: libtiff reads the value of each, wherever it lies.

Values may lie in the same place: 4,000 tags of a file of 20 MB are 80 GB in memory, and two million tags keep
the interpreter from everybody else for ten seconds.
"""

import struct
from typing import Final, NamedTuple

STARTS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""The second pair is of BigTIFF, whose places and counts have 64 bits."""

_BIG: Final = b"+"
_WIDTHS: Final = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a number by its type, where it is not one."""


class Tags(NamedTuple):
    """What the directory of a TIFF's first picture lists."""

    number: int
    size: int
    """Bytes of all values together."""


def measure(data: bytes, most: int) -> Tags:
    """Measure the first directory of a file; stops at `most` tags."""
    order, big = "<" if data.startswith(b"II") else ">", _BIG in data[2:4]
    place, number, entry = ("Q", "Q", "HHQ8x") if big else ("I", "H", "HHI4x")
    (start,) = _unpacked(order + place, data, 8 if big else 4) or (len(data),)
    (count,) = _unpacked(order + number, data, start) or (0,)
    first, each = start + struct.calcsize(order + number), struct.calcsize(order + entry)
    listed = data[first : first + min(count, most) * each]
    whole = listed[: len(listed) // each * each]
    size = sum(_WIDTHS.get(kind, 1) * values for _, kind, values in struct.iter_unpack(order + entry, whole))
    return Tags(min(count, most), size)


def _unpacked(layout: str, data: bytes, place: int) -> tuple[int, ...]:
    """The numbers at a place; none where the file ends before."""
    there = place + struct.calcsize(layout) <= len(data)
    return struct.unpack_from(layout, data, place) if there else ()
