"""What the strips or tiles of a TIFF file cost: each is unpacked as a whole, and may be a JPEG."""

import math
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from PIL import TiffImagePlugin

from service.errors import CorruptImage, ImageTooLarge
from service.pictures import jpeg_scans
from service.pictures.exif import orientation_of

BYTES_OF_PIXEL: Final = 8
"""What decoding may hold for each pixel that is allowed."""
MAX_TILE: Final = 1 << 22
"""Pixels of a TIFF tile that may be larger than its picture; the whole tile is unpacked."""
MAX_TILES: Final = 1 << 26
"""Pixels of all tiles that may be larger together than their picture: up to a second of unpacking."""
MAX_BYTES: Final = 1 << 26
"""Bytes of all pieces that may be more together than the file, as many may lie in one place: up to half a
second of reading. Of 4,000 tiles of a megabyte each, which was full of nothing, a file of 1 MB made 15."""
MAX_SEGMENTS: Final = 200_000
"""Segments of JPEGs in a TIFF, each as often as it is read: half a second. An ordinary one has ten; 194,000
tiles that were one and the same, of ten scans, took 1.5 MB and six seconds."""

_WIDTH, _LENGTH = 256, 257
_BITS, _SAMPLES, _ROWS, _PLANES = 258, 277, 278, 284
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_PIECES: Final = ((273, 279), (324, 325))
"""Tags of the places and sizes of strips, and of tiles."""
_COMPRESSION, _AS_JPEG = 259, 7
_SEPARATE = 2
_ONE_BYTE: Final = {"1", "L", "P"}


def check_memory(image: TiffImagePlugin.TiffImageFile, max_pixels: int) -> None:
    """Refuse a TIFF that takes more memory than pictures of `max_pixels` may, or tiles far beyond its pixels.

    What counts is the picture, another one where it is turned, and a piece. Raises ImageTooLarge.
    """
    tags, pixels = image.tag_v2, image.width * image.height
    tile = _check_tiles(tags, pixels)
    # As it is stored: the image's own sides are those of the picture once it is turned.
    width, length = int(tags[_WIDTH]), int(tags[_LENGTH])
    strip = width * min(int(tags.get(_ROWS, length)), length)
    each = 1 if image.mode in _ONE_BYTE else 4
    pictures = 1 if orientation_of(image) == 1 else 2
    held = pictures * each * pixels + math.ceil((tile or strip) * _bits(tags) / 8)
    most = BYTES_OF_PIXEL * max_pixels
    if held > most:
        raise ImageTooLarge(
            f"Expected a TIFF that takes at most {most:,} bytes of memory. Received: one of {held:,}; "
            "save it as JPEG or PNG."
        )


def check_sizes(image: TiffImagePlugin.TiffImageFile, data: bytes) -> None:
    """Refuse a TIFF whose pieces share their bytes: a decoder reads them anew for each.

    Raises CorruptImage.
    """
    size, most = len(data), max(MAX_BYTES, len(data))
    # A strip may promise more than the file has; below zero there is nothing.
    read = sum(max(0, min(length, size - place)) for place, length in _pieces(image.tag_v2))
    if not read <= most:  # which no number is, if one is none
        raise CorruptImage(f"Expected strips or tiles of at most {most:,} bytes. Received: {read:,}.")


def scans(image: TiffImagePlugin.TiffImageFile, data: bytes, most: int) -> int:
    """The most scans in a piece of a TIFF of JPEGs, as `jpeg_scans` counts them; 0 for any other TIFF.

    Many pieces may lie in one place. Raises CorruptImage from `most` places on, and for so many segments that
    a decoder would be busy with these alone.
    """
    tags = image.tag_v2
    if tags.get(_COMPRESSION) != _AS_JPEG:
        return 0
    pieces: dict[int, int] = {}
    times: Counter[int] = Counter()
    for place, size in _pieces(tags):
        times[place] += 1
        # Without a size libtiff reads on to the end.
        pieces[place] = max(pieces.get(place, 0), size or len(data) - place)
    if len(pieces) >= most or sum(pieces.values()) > len(data):
        raise CorruptImage(f"Expected fewer than {most:,} JPEGs in a TIFF, each in a place of its own.")
    segments = most_scans = 0
    for place, size in pieces.items():
        found = jpeg_scans.count(data[place : place + size], most)
        most_scans = max(most_scans, found.scans)
        segments += times[place] * found.segments
        if segments > MAX_SEGMENTS:
            raise CorruptImage(f"Expected at most {MAX_SEGMENTS:,} segments in the JPEGs of a TIFF.")
    return most_scans


def _check_tiles(tags: TiffImagePlugin.ImageFileDirectory_v2, pixels: int) -> int:
    """Refuse tiles much larger than their picture, one or all together; returns the pixels of one."""
    width, length = int(tags.get(_TILE_WIDTH, 0)), int(tags.get(_TILE_LENGTH, 0))
    tile = width * length
    if tile > max(MAX_TILE, 2 * pixels):
        raise ImageTooLarge(
            f"Expected tiles of about the picture's size. Received: tiles of {tile:,} pixels."
        )
    if tile:
        tiles = math.ceil(int(tags[_WIDTH]) / width) * math.ceil(int(tags[_LENGTH]) / length)
        # Where none is longer or wider than the picture, they have less than four times its pixels.
        if tile * tiles > max(MAX_TILES, 4 * pixels):
            raise ImageTooLarge(
                "Expected tiles of about the picture's size together. "
                f"Received: {tiles:,} of {tile:,} pixels."
            )
    return tile


def _bits(tags: TiffImagePlugin.ImageFileDirectory_v2) -> int:
    """Of a pixel in a strip or tile, which may hold one colour only."""
    bits = tags.get(_BITS, (1,))
    deepest = max(bits) if isinstance(bits, tuple) else int(bits)
    return deepest * (1 if tags.get(_PLANES, 1) == _SEPARATE else int(tags.get(_SAMPLES, 1)))


def _pieces(tags: TiffImagePlugin.ImageFileDirectory_v2) -> Iterator[tuple[int, int]]:
    """Place and size of each strip and tile; 0 where one of them is missing."""
    for places, sizes in _PIECES:
        yield from zip_longest(_numbers(tags, places), _numbers(tags, sizes), fillvalue=0)


def _numbers(tags: TiffImagePlugin.ImageFileDirectory_v2, tag: int) -> tuple[int, ...]:
    found = tags.get(tag, ())
    return found if isinstance(found, tuple) else (found,)
