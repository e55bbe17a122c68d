"""How many chunks a PNG file has: Pillow steps over each of them in Python, and unpacks some.

A file of 2.4 MB may hold 200,000 empty ones, and keep the interpreter from everybody else for a second. One
of 10 MB may hold 10,000 that are packed, each a megabyte of zeros, and keep a CPU busy for half a minute.
"""

from typing import Final, NamedTuple

from PIL import PngImagePlugin

START: Final = b"\x89PNG\r\n\x1a\n"
_END: Final = b"IEND"
_PACKED: Final = {b"iCCP", b"zTXt", b"iTXt"}
_AROUND: Final = 12
"""Bytes of a chunk besides its data: length, kind, checksum."""
_TRANSPARENT: Final = "transparency"
_GRAYS: Final = {"L;2": 85, "L;4": 17}
"""How many of 256 levels make one of 4 or 16."""
_DEEP: Final = "RGB;16B"


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


def scale_transparency(image: PngImagePlugin.PngImageFile) -> None:
    """Bring the transparent colour of a picture that is opened to the eight bits of its pixels.

    Pillow leaves it as it is stored, so that it is another one, or none, where gray has two or four bits and
    colours have sixteen. Of those it keeps the upper eight.
    """
    colour, stored = image.info.get(_TRANSPARENT), image.tile[0].args if image.tile else None
    if isinstance(colour, int) and stored in _GRAYS:
        image.info[_TRANSPARENT] = colour * _GRAYS[stored]
    elif isinstance(colour, tuple) and stored == _DEEP:
        image.info[_TRANSPARENT] = tuple(level >> 8 for level in colour)
