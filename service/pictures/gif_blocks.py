"""How many blocks a GIF file has before its first picture: Pillow steps over each of them in Python.

A file of 20 MB may hold ten million comments of one byte, and keep the interpreter from everybody else for
three seconds.
"""

from typing import Final

from PIL import GifImagePlugin, Image

from service.pictures.geometry import Box

START: Final = b"GIF8"

_SCREEN: Final = 13
"""Bytes of the header and of what it says about the whole screen."""
_FLAGS, _HAS_COLOURS, _COLOUR_BITS = 10, 0x80, 0x07
_EXTENSION, _PICTURE, _END = b"!,;"


def count(data: bytes, most: int) -> int:
    """Number of blocks, and of bytes that belong to none, before the first picture; stops at `most`."""
    if len(data) < _SCREEN:
        return 0
    place = _SCREEN
    if data[_FLAGS] & _HAS_COLOURS:
        place += 3 << ((data[_FLAGS] & _COLOUR_BITS) + 1)
    blocks = 0
    while blocks < most and place < len(data) and data[place] not in (_PICTURE, _END):
        blocks += 1
        if data[place] != _EXTENSION:
            place += 1
            continue
        place += 2
        while blocks < most and place < len(data) and data[place]:
            place += 1 + data[place]
            blocks += 1
        place += 1
    return blocks


def part_with_frame(image: Image.Image) -> Box | None:
    """Where the first frame of a picture that is opened lies, if it is smaller than a GIF's screen.

    Nothing is painted around it, where browsers show what lies behind; Pillow gives it the first colour, or
    the transparent one.
    """
    if not isinstance(image, GifImagePlugin.GifImageFile) or not image.tile:
        return None
    frame = image.tile[0].extents
    return None if frame == (0, 0, *image.size) else frame
