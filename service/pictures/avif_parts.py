"""Where the coded pictures of an AVIF file lie: in items of its metadata, or in the samples of its tracks.

The file is made of boxes (ISO/IEC 14496-12), each behind its size and its kind; some hold more of them.
"""

import struct
from collections.abc import Iterator
from typing import Final

_HOLDERS: Final = {b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"meta": 4}
"""Boxes that hold boxes, and how many bytes of their own they have before those."""
_PLACES: Final = {b"stco": 4, b"co64": 8}
"""Tables of where samples lie, and the bytes of a place."""
_DEEPEST: Final = 8
_HEAD: Final = struct.Struct(">I4s")

Box = tuple[bytes, memoryview]


def coded(data: bytes, most: int) -> Iterator[bytes]:
    """What a decoder may be given for the first picture: every item, and the first sample of every track.

    Raises ValueError for an item that would be larger than the file, and for more than `most` parts.
    """
    return _Reader(data, most).coded(memoryview(data))


class _Reader:
    """Reads one file."""

    def __init__(self, file: bytes, most: int) -> None:
        self._file = memoryview(file)
        self._most = self._left = most

    def coded(self, content: memoryview, deepest: int = _DEEPEST) -> Iterator[bytes]:
        """What lies in the boxes of `content`, and in boxes inside of those."""
        boxes = list(self._boxes(content))
        own = next((inside for kind, inside in boxes if kind == b"idat"), memoryview(b""))
        for kind, inside in boxes:
            if kind == b"iloc":
                yield from self._items(inside, own)
            elif kind in _HOLDERS and deepest:
                yield from self.coded(inside[_HOLDERS[kind] :], deepest - 1)
        yield from self._first_samples(boxes)

    def _boxes(self, content: memoryview) -> Iterator[Box]:
        """The boxes side by side; the last one may end behind the content."""
        place = 0
        while place + _HEAD.size <= len(content):
            self._count()
            size, kind = _HEAD.unpack_from(content, place)
            start = place + _HEAD.size
            if size == 1:
                size, start = _number(content, start, 8), start + 8
            end = place + size if size else len(content)
            if end < start:  # no box could be so small
                return
            yield kind, content[start:end]
            place = end

    def _items(self, table: memoryview, own: memoryview) -> Iterator[bytes]:
        """What the items of an `iloc` box are: pieces of the file, or of the metadata's own data."""
        version, sizes = _number(table, 0, 1), _number(table, 4, 2)
        offsets, lengths, bases, indices = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
        wide = 4 if version == 2 else 2
        place = 6 + wide
        for _ in range(_number(table, 6, wide)):
            self._count()
            place += wide
            source = self._file
            if version:
                source = own if _number(table, place, 2) & 15 else source
                place += 2
            base = _number(table, place + 2, bases)
            extents, place = _number(table, place + 2 + bases, 2), place + 4 + bases
            pieces: list[memoryview] = []
            for _ in range(extents):
                self._count()
                place += indices if version else 0
                start = base + _number(table, place, offsets)
                pieces.append(source[start : start + _number(table, place + offsets, lengths)])
                place += offsets + lengths
            yield self._joined(pieces)

    def _joined(self, pieces: list[memoryview]) -> bytes:
        if sum(map(len, pieces)) > len(self._file):
            raise ValueError("Expected items that fit into the file.")
        return b"".join(pieces)

    def _first_samples(self, boxes: list[Box]) -> Iterator[bytes]:
        """The first sample that a track's tables know."""
        tables = [inside for kind, inside in boxes if kind == b"stsz"]
        size = max((max(_number(table, 4, 4), _number(table, 12, 4)) for table in tables), default=0)
        for kind, inside in boxes:
            if kind in _PLACES:
                start = _number(inside, 8, _PLACES[kind])
                yield bytes(self._file[start : start + size])

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"Expected at most {self._most:,} boxes, items and pieces of items.")


def _number(content: memoryview, place: int, size: int) -> int:
    """Of so many bytes, the highest first; what lies behind the end is missing."""
    return int.from_bytes(content[place : place + size], "big")
