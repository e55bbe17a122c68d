"""How much the tags of a TIFF file hold: libtiff reads the value of each, wherever it lies.

Values may lie in the same place: 4,000 tags of a file of 20 MB are 80 GB in memory, and two million tags keep
the interpreter from everybody else for ten seconds. So do two million fractions in one tag, of which Pillow
makes a Python object each. Exif is a TIFF too, with tags and no picture.
"""

import struct
from typing import Final, NamedTuple

from service.errors import CorruptImage

STARTS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0")
"""What Pillow takes for a TIFF or for Exif. The second pair is of BigTIFF, whose places and counts have 64
bits; the third is the first one with its bytes in the wrong order."""
MAX_NUMBERS: Final = 1_000_000
"""Numbers in all tags together: a tenth of a second. 50 million pixels in tiles of 16 x 16 have 390,000."""
MAX_FRACTIONS: Final = 10_000
"""Fractions among them, each of which costs as much as 20 other numbers. Cameras write a handful."""

_BIG: Final = b"+"
_WIDTHS: Final = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a number by its type, where it is not one."""
_FRACTIONS: Final = {5, 10}
_SIGNED_BYTE: Final = 6
"""The only numbers of a byte that Pillow makes numbers of: others stay bytes."""


class Tags(NamedTuple):
    """What the directory of a TIFF's first picture lists."""

    number: int
    size: int
    """Bytes of all values together."""
    numbers: int
    """Values that become numbers of Python, of the tags that would fit into the data."""
    fractions: int
    """Those that are a numerator and a denominator."""


def measure(data: bytes, most: int) -> Tags:
    """Measure the first directory of a file; stops at `most` tags."""
    order, big = "<" if data.startswith(b"II") else ">", _BIG in data[2:4]
    place, number, entry = ("Q", "Q", "HHQ8x") if big else ("I", "H", "HHI4x")
    (start,) = _unpacked(order + place, data, 8 if big else 4) or (len(data),)
    (count,) = _unpacked(order + number, data, start) or (0,)
    first, each = start + struct.calcsize(order + number), struct.calcsize(order + entry)
    listed = data[first : first + min(count, most) * each]
    whole = listed[: len(listed) // each * each]
    size = numbers = fractions = 0
    for _, kind, values in struct.iter_unpack(order + entry, whole):
        width = _WIDTHS.get(kind, 1)
        size += width * values
        if (width > 1 or kind == _SIGNED_BYTE) and width * values <= len(data):
            numbers += values
            fractions += values if kind in _FRACTIONS else 0
    return Tags(min(count, most), size, numbers, fractions)


def check_numbers(tags: Tags, kind: str) -> None:
    """Raise CorruptImage for so many numbers that Python would be kept from everything else."""
    if tags.numbers > MAX_NUMBERS:
        raise CorruptImage(f"Expected at most {MAX_NUMBERS:,} numbers in {kind}. Received: {tags.numbers:,}.")
    if tags.fractions > MAX_FRACTIONS:
        raise CorruptImage(
            f"Expected at most {MAX_FRACTIONS:,} fractions in {kind}. Received: {tags.fractions:,}."
        )


def _unpacked(layout: str, data: bytes, place: int) -> tuple[int, ...]:
    """The numbers at a place; none where the file ends before."""
    there = place + struct.calcsize(layout) <= len(data)
    return struct.unpack_from(layout, data, place) if there else ()
