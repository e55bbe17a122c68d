"""The boxes that an AVIF file is made of (ISO/IEC 14496-12): each lies behind its size and its kind."""

import struct
from collections.abc import Iterator
from typing import Final

HOLDERS: Final = {b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"meta": 4}
"""Boxes that hold boxes, and how many bytes of their own they have before those."""
PLACES: Final = {b"stco": 4, b"co64": 8}
"""Tables of where the samples of a track lie, and the bytes of a place."""
DEEPEST: Final = 8
"""Boxes in one another that are looked into; a decoder goes as deep as five."""
_BRANDS: Final = frozenset((b"avif", b"avis", b"mif1", b"msf1"))
_HEAD: Final = struct.Struct(">I4s")

Box = tuple[bytes, memoryview]


def is_avif(data: bytes) -> bool:
    """Whether Pillow gives a file to its AVIF decoder, which may still find that it is none."""
    return data[4:8] == b"ftyp" and data[8:12] in _BRANDS


def number(content: memoryview, place: int, size: int) -> int:
    """Of so many bytes, the highest first; what lies behind the end is missing."""
    return int.from_bytes(content[place : place + size], "big")


class Boxes:
    """Reads the boxes of one file, and counts them and whatever else is counted with them."""

    def __init__(self, file: bytes, most: int) -> None:
        self.file = memoryview(file)
        self._most = self._left = most

    def within(self, content: memoryview) -> Iterator[Box]:
        """The boxes side by side; the last one may end behind the content. Raises as `count` does."""
        place = 0
        while place + _HEAD.size <= len(content):
            self.count()
            size, kind = _HEAD.unpack_from(content, place)
            start = place + _HEAD.size
            if size == 1:
                size, start = number(content, start, 8), start + 8
            end = place + size if size else len(content)
            if end < start:  # no box could be so small
                return
            yield kind, content[start:end]
            place = end

    def count(self) -> None:
        """One more part of the file; raises ValueError where there are too many."""
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"Expected at most {self._most:,} boxes, items and pieces of items in an AVIF.")
