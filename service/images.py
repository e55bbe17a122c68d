"""From hostile bytes to an upright RGB picture.

Only the formats in `FORMATS` are opened, recognised by their content; the pixel count is checked from the
header before anything is decoded.
"""

import io
import struct
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from PIL import (
    AvifImagePlugin,
    ExifTags,
    Image,
    MpoImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from service import gif_blocks, jpeg_scans, png_chunks
from service.errors import CorruptImage, EmptyFile, ImageTooLarge, UnsupportedFormat
from service.geometry import RGB, dimensions
from service.upright import QUARTER_TURNS, upright_rgb

FORMATS: Final = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
DEFAULT_MAX_PIXELS: Final = 50_000_000
DEFAULT_MAX_SIDE: Final = 20_000
MAX_SCANNED: Final = 2_000_000_000
"""Pixels times scans of a progressive JPEG: about three seconds of work."""
HEIC_BRANDS: Final = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 msf1".split())
"""What the first box of a HEIC or HEIF file calls it (ISO/IEC 23008-12): the photos of iPhones."""
HELD_TWICE: Final = {"WEBP", "AVIF"}
"""Formats whose decoders hold twice the memory of the others, up to 16 bytes a pixel: half the pixels."""
MAX_PARTS: Final = 10_000
"""Parts that a file consists of. Cameras write a few dozen, and PNGs have chunks of 8 KB and more, so that
the largest upload has some 2,500."""
MAX_TILE: Final = 1 << 22
"""Pixels of a TIFF tile that may be larger than its picture; the whole tile is unpacked."""

# Imported so that an unknown format does not make Pillow load all of its plugins in the middle of a request.
_PLUGINS: Final = (AvifImagePlugin, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin)
# Harmless oddities (odd EXIF, ICC); what matters raises. For the whole process, because `catch_warnings` is
# not made for threads.
warnings.filterwarnings("ignore", module=r"PIL\.")
# Our own limit is checked first and has a clear message; Pillow's would only warn.
Image.MAX_IMAGE_PIXELS = None
# libtiff reads every TIFF. Pillow's own way makes a Python object of each entry of the table of strips,
# before anybody could count them: 2 MB cost 6 seconds and 470 MB.
TiffImagePlugin.READ_LIBTIFF = True
# Phones write JPEG files of several pictures: "MPO".
_JPEG: Final = {"JPEG", "MPO"}
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_DECODER_FAILURES: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    MemoryError,
    ZeroDivisionError,
    AttributeError,
    RuntimeError,
    struct.error,
)


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    `content` may be smaller than the upright original of `width` x `height` pixels, where that is enough.
    """

    content: RGB | Image.Image
    width: int
    height: int

    @cached_property
    def pixels(self) -> RGB:
        """The content as an array."""
        return np.asarray(self.content)

    @property
    def reduction(self) -> float:
        """Width of the content as a share of the original width, 0..1."""
        return dimensions(self.content)[0] / self.width


def decode(
    data: bytes,
    min_side: int | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    max_side: int = DEFAULT_MAX_SIDE,
) -> Picture:
    """Decode an encoded picture to upright RGB: the first frame, EXIF orientation applied, alpha over white.

    `min_side` is the shorter side in pixels that is enough for the caller: a larger picture is reduced by the
    largest whole number that leaves it as much, and a JPEG is not even decoded in full.

    Raises EmptyFile, UnsupportedFormat, ImageTooLarge or CorruptImage.
    """
    if not data:
        raise EmptyFile("Expected the bytes of a picture. Received: an empty file.")
    scans = _check_parts(data)
    image = _open(data)
    _check_size(image, max_pixels, max_side)
    return _decode(image, scans, min_side)


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise UnsupportedFormat(
            f"Expected a picture as {', '.join(FORMATS)}. Received: {_other_format(data)}."
        ) from None
    except _DECODER_FAILURES as error:
        raise CorruptImage(f"The picture's header is damaged ({type(error).__name__}).") from None


def _other_format(data: bytes) -> str:
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        return "a HEIC photo, as iPhones take them; save it as JPEG"
    return f"{len(data):,} bytes in another format"


def _check_parts(data: bytes) -> int:
    """Refuse files of very many parts before Pillow steps over each of them in Python.

    Returns how many of them are scans of a JPEG.
    """
    scans = 0
    if data.startswith(jpeg_scans.START):
        (scans, parts), kind = jpeg_scans.count(data, MAX_PARTS), "segments in a JPEG"
    elif data.startswith(png_chunks.START):
        parts, kind = png_chunks.count(data, MAX_PARTS), "chunks in a PNG"
    elif data.startswith(gif_blocks.START):
        parts, kind = gif_blocks.count(data, MAX_PARTS), "blocks before the picture of a GIF"
    else:
        return scans
    if parts >= MAX_PARTS:
        raise CorruptImage(f"Expected fewer than {MAX_PARTS:,} {kind} file.")
    return scans


def _check_size(image: Image.Image, max_pixels: int, max_side: int) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise CorruptImage("The picture has no pixels.")
    kind = ""
    if image.format in HELD_TWICE:
        max_pixels, kind = max_pixels // 2, f" of {image.format}"
    if width * height > max_pixels or max(width, height) > max_side:
        raise ImageTooLarge(
            f"Expected at most {max_pixels:,} pixels{kind} and {max_side:,} pixels a side. "
            f"Received: {width} x {height} = {width * height:,} pixels."
        )


def _check_work(image: Image.Image, scans: int) -> None:
    """Refuse small files that make a decoder work, or hold memory, far beyond their pixels."""
    pixels = image.width * image.height
    if image.format in _JPEG:
        most = max(1, MAX_SCANNED // pixels)
        if scans > most:
            raise ImageTooLarge(
                f"Expected at most {most:,} scans in a JPEG of {image.width} x {image.height} pixels. "
                f"Received: {scans:,}."
            )
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tags = image.tag_v2
        tile = int(tags.get(_TILE_WIDTH, 0)) * int(tags.get(_TILE_LENGTH, 0))
        if tile > max(MAX_TILE, 2 * pixels):
            raise ImageTooLarge(
                f"Expected tiles of about the picture's size. Received: tiles of {tile:,} pixels."
            )


def _decode(image: Image.Image, scans: int, min_side: int | None) -> Picture:
    try:
        _check_work(image, scans)
        width, height = image.size
        if min_side is not None and image.format in _JPEG:
            enough = min_side / min(width, height)
            image.draft(None, (max(1, int(width * enough)), max(1, int(height * enough))))
        orientation = _orientation(image)
        shrink = max(1, min(image.size) // min_side) if min_side else 1
        content = upright_rgb(image, orientation, shrink)
    except _DECODER_FAILURES as error:
        raise CorruptImage(f"The picture is truncated or damaged ({type(error).__name__}).") from None
    if orientation in QUARTER_TURNS:
        width, height = height, width
    return Picture(content, width, height)


def _orientation(image: Image.Image) -> int:
    """EXIF's, 1 to 8, of what is still to be turned: Pillow turns a TIFF itself."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return 1
    orientation: int = image.getexif().get(ExifTags.Base.Orientation, 1)
    return orientation
