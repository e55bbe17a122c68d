"""Where the coded pictures of an AVIF file lie: in items of its metadata, or in the samples of its tracks."""

from collections.abc import Iterator

from service.pictures.avif_boxes import DEEPEST, HOLDERS, PLACES, Box, Boxes, number


def coded(data: bytes, most: int) -> Iterator[bytes | memoryview]:
    """What a decoder may be given for the first picture: every item, and the first sample of every track.

    Raises ValueError for items in pieces that are together larger than the file, of which a decoder makes
    copies, and for more than `most` boxes, items and pieces.
    """
    reader = _Reader(data, most)
    return reader.coded(reader.file)


class _Reader(Boxes):
    """Reads one file."""

    def __init__(self, file: bytes, most: int) -> None:
        super().__init__(file, most)
        self._joined = 0
        """Bytes of all items that are in pieces."""

    def coded(self, content: memoryview, deepest: int = DEEPEST) -> Iterator[bytes | memoryview]:
        """What lies in the boxes of `content`, and in boxes inside of those."""
        boxes = list(self.within(content))
        own = next((inside for kind, inside in boxes if kind == b"idat"), memoryview(b""))
        for kind, inside in boxes:
            if kind == b"iloc":
                yield from self._items(inside, own)
            elif kind in HOLDERS and deepest:
                yield from self.coded(inside[HOLDERS[kind] :], deepest - 1)
        yield from self._first_samples(boxes)

    def _items(self, table: memoryview, own: memoryview) -> Iterator[bytes | memoryview]:
        """What the items of an `iloc` box are: pieces of the file, or of the metadata's own data."""
        version, sizes = number(table, 0, 1), number(table, 4, 2)
        offsets, lengths, bases, indices = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
        wide = 4 if version == 2 else 2
        place = 6 + wide
        for _ in range(number(table, 6, wide)):
            self.count()
            place += wide
            source = self.file
            if version:
                source = own if number(table, place, 2) & 15 else source
                place += 2
            base = number(table, place + 2, bases)
            extents, place = number(table, place + 2 + bases, 2), place + 4 + bases
            pieces: list[memoryview] = []
            for _ in range(extents):
                self.count()
                place += indices if version else 0
                start = base + number(table, place, offsets)
                pieces.append(source[start : start + number(table, place + offsets, lengths)])
                place += offsets + lengths
            yield self._whole(pieces)

    def _whole(self, pieces: list[memoryview]) -> bytes | memoryview:
        if len(pieces) == 1:
            return pieces[0]
        self._joined += sum(map(len, pieces))
        if self._joined > len(self.file):
            raise ValueError("Expected parts of an AVIF that fit into the file.")
        return b"".join(pieces)

    def _first_samples(self, boxes: list[Box]) -> Iterator[memoryview]:
        """The first sample that a track's tables know."""
        tables = [inside for kind, inside in boxes if kind == b"stsz"]
        size = max((max(number(table, 4, 4), number(table, 12, 4)) for table in tables), default=0)
        for kind, inside in boxes:
            if kind in PLACES:
                start = number(inside, 8, PLACES[kind])
                yield self.file[start : start + size]
