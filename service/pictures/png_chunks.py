"""How many chunks a PNG file has: Pillow steps over each of them in Python, and unpacks some.

A file of 2.4 MB may hold 200,000 empty ones, and keep the interpreter from everybody else for a second. One
of 10 MB may hold 10,000 that are packed, each a megabyte of zeros, and keep a CPU busy for half a minute.
"""

from typing import Final, NamedTuple

START: Final = b"\x89PNG\r\n\x1a\n"
_END: Final = b"IEND"
_PACKED: Final = {b"iCCP", b"zTXt", b"iTXt"}
_AROUND: Final = 12
"""Bytes of a chunk besides its data: length, kind, checksum."""


class Chunks(NamedTuple):
    """What a PNG file consists of."""

    number: int
    packed: int
    """Colour profiles and texts, of which Pillow unpacks up to a megabyte each."""


def count(data: bytes, most: int) -> Chunks:
    """Count the chunks up to the end of the picture, whatever follows; stops at `most`."""
    chunks, packed, place, kind = 0, 0, len(START), b""
    while chunks < most and place < len(data) and kind != _END:
        length, kind = data[place : place + 4], data[place + 4 : place + 8]
        place += _AROUND + int.from_bytes(length, "big")
        chunks += 1
        packed += kind in _PACKED
    return Chunks(chunks, packed)
