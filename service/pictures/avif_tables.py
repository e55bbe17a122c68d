"""What a decoder reads of an AVIF before any picture: descriptions of items, and tables of samples.

libavif looks through all items for each one that a list names, and through a track's table of chunks for each
chunk; and it makes an object of each piece and each sample. In files of some hundred kilobytes that takes
seconds, of a few megabytes minutes, and Pillow holds the interpreter meanwhile.
"""

from collections.abc import Iterable
from typing import Final

from service.pictures.avif_boxes import DEEPEST, HOLDERS, PLACES, Box, Boxes, number

MOST_OF_ITEMS: Final = 1 << 14
"""Bytes: 0.1 s of looking through items. Pictures of 48 tiles, as phones make them, need 4 KB."""
MOST_OF_TRACKS: Final = 1 << 16
"""Bytes: 0.1 s of looking through chunks. They are enough for a video of a few minutes."""
MOST_SAMPLES: Final = 100_000
"""Pictures of a video: 0.02 s and 13 MB."""
_DATA: Final = frozenset((b"idat", b"colr"))
"""Pictures and colour profiles, which may be large and are read when they are asked for."""
_LISTS: Final = frozenset((b"iprp", b"ipco"))


def check(data: bytes, most: int) -> None:
    """Refuse a file whose tables would cost far more than their bytes; raises ValueError.

    There may be `most` boxes.
    """
    boxes = Boxes(data, most)
    outermost = list(boxes.within(boxes.file))
    tracks = sum(len(inside) for kind, inside in outermost if kind == b"moov")
    if tracks > MOST_OF_TRACKS:
        raise ValueError(
            f"Expected at most {MOST_OF_TRACKS:,} bytes about the frames of an AVIF. Received: {tracks:,}."
        )
    items = _check(boxes, outermost, DEEPEST)
    if items > MOST_OF_ITEMS:
        raise ValueError(
            f"Expected at most {MOST_OF_ITEMS:,} bytes about the parts of an AVIF. Received: {items:,}."
        )


def _check(boxes: Boxes, found: Iterable[Box], deepest: int) -> int:
    """Bytes about items in the boxes that were found, and in those inside of them.

    Raises ValueError for too many samples of one track.
    """
    items = chunks = together = 0
    for kind, inside in found:
        if kind == b"meta":
            items += _described(boxes, inside[HOLDERS[kind] :])
        elif kind in HOLDERS and deepest:
            items += _check(boxes, boxes.within(inside[HOLDERS[kind] :]), deepest - 1)
        elif kind in PLACES:
            chunks = max(chunks, number(inside, 4, 4))
        elif kind == b"stsc":
            together = max([together, *(number(inside, place, 4) for place in range(12, len(inside), 12))])
    if chunks * together > MOST_SAMPLES:
        raise ValueError(
            f"Expected at most {MOST_SAMPLES:,} frames in an AVIF. Received: {chunks * together:,}."
        )
    return items


def _described(boxes: Boxes, content: memoryview) -> int:
    """Bytes of boxes, without the pictures and profiles in them."""
    size = 0
    for kind, inside in boxes.within(content):
        size += 8
        if kind in _LISTS:
            size += _described(boxes, inside)
        elif kind not in _DATA:
            size += len(inside)
    return size
