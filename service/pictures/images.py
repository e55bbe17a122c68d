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

from PIL import (
    AvifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    TiffTags,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from service.errors import CorruptImage, EmptyFile, ImageTooLarge, UnsupportedFormat
from service.pictures import gif_blocks, jpeg_scans, png_chunks, tiff_tags, webp_chunks
from service.pictures.decoding_cost import HELD_TWICE, JPEG, check_parts, check_work, most_pixels
from service.pictures.exif import forget_texts, orientation_of
from service.pictures.geometry import RGB, Held, Square
from service.pictures.limits import DEFAULT_MAX_PIXELS, DEFAULT_MAX_SIDE
from service.pictures.turned import MIRRORED_ACROSS, MIRRORED_DOWN, QUARTER_TURNS
from service.pictures.upright import as_array, upright_rgb

FORMATS: Final = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
_STARTS: Final = (jpeg_scans.START, png_chunks.START, gif_blocks.START, *tiff_tags.STARTS)
_AVIF: Final = (b"ftypavif", b"ftypavis")
_LARGEST_BMP_HEAD: Final = 124
"""Bytes, as the file itself tells behind its first 14; of text it tells millions."""
HEIC_BRANDS: Final = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 msf1".split())
"""What the first box of a HEIC or HEIF file calls it (ISO/IEC 23008-12): the photos of iPhones."""

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
# Nor is it to read the Exif that a TIFF leads to, which nobody asks for: 18 MB of fractions cost 15 seconds.
TiffTags.TAGS_V2_GROUPS.clear()
# Photoshop's notes in a JPEG say nothing about its pixels, and Pillow makes Python objects of each: 20 MB
# cost a second.
_NOTES: Final = 0xFFED
JpegImagePlugin.MARKER[_NOTES] = (*JpegImagePlugin.MARKER[_NOTES][:2], JpegImagePlugin.Skip)
# An AVIF would start threads for each CPU of the machine, which makes it no quicker; where the system allows
# no more of them, it would count as damaged.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
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

    content: Held
    width: int
    height: int
    factor: int = 1
    """How many pixels of the original, across and down, each of `content` stands for. Those at one end may
    stand for fewer."""
    left: int = 0
    top: int = 0
    """Pixels by which `content` reaches over that side of the original, where those that stand for fewer are
    its first ones."""

    @cached_property
    def pixels(self) -> RGB:
        """The content as an array."""
        return as_array(self.content)

    @property
    def reduction(self) -> float:
        """Pixels of the content for each of the original, across and down: 0..1."""
        return 1 / self.factor

    def to_original(self, square: Square) -> Square:
        """A square of the content in pixels of the original."""
        full = square.scaled(self.factor)
        return Square(full.left - self.left, full.top - self.top, full.side)

    def from_original(self, square: Square) -> Square:
        """A square of the original in pixels of the content."""
        return Square(square.left + self.left, square.top + self.top, square.side).scaled(self.reduction)


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
    scans = check_parts(data)
    image = _open(data)
    _check_size(image, max_pixels, max_side)
    return _decode(image, data, scans, min_side, max_pixels)


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        if _begins_as_one(data):
            raise CorruptImage("The picture's header is damaged, or of a kind that is not read.") from None
        raise _unsupported(data) from None
    except _DECODER_FAILURES:
        if _has_two_letters_of_bmp(data):
            raise _unsupported(data) from None
        raise CorruptImage("The picture's header is damaged.") from None
    forget_texts(image)
    if isinstance(image, PngImagePlugin.PngImageFile):
        png_chunks.scale_transparency(image)
    return image


def _begins_as_one(data: bytes) -> bool:
    """Whether a file begins as one of `FORMATS`, but for BMP, whose two letters begin many a text."""
    return data.startswith(_STARTS) or data.startswith(_AVIF, 4) or webp_chunks.is_webp(data)


def _has_two_letters_of_bmp(data: bytes) -> bool:
    """Whether a file begins as a BMP, and goes on as no BMP does: as text, for instance."""
    return data.startswith(b"BM") and int.from_bytes(data[14:18], "little") > _LARGEST_BMP_HEAD


def _unsupported(data: bytes) -> UnsupportedFormat:
    return UnsupportedFormat(f"Expected a picture as {', '.join(FORMATS)}. Received: {_other_format(data)}.")


def _other_format(data: bytes) -> str:
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        return "a HEIC photo, as iPhones take them; save it as JPEG"
    return f"{len(data):,} bytes in another format"


def _check_size(image: Image.Image, max_pixels: int, max_side: int) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise CorruptImage("The picture has no pixels.")
    kind = f" of {image.format}" if image.format in HELD_TWICE else ""
    max_pixels = most_pixels(image, max_pixels)
    if width * height > max_pixels or max(width, height) > max_side:
        raise ImageTooLarge(
            f"Expected at most {max_pixels:,} pixels{kind} and {max_side:,} pixels a side. "
            f"Received: {width} x {height} = {width * height:,} pixels."
        )


def _decode(image: Image.Image, data: bytes, scans: int, min_side: int | None, max_pixels: int) -> Picture:
    try:
        check_work(image, data, scans, max_pixels)
        width, height = image.size
        scale = _scaled(image, min_side) if min_side and image.format in JPEG else 1
        orientation = 1 if image.format == "TIFF" else orientation_of(image)  # Pillow turns a TIFF itself
        shrink = max(1, min(image.size) // min_side) if min_side else 1
        content = upright_rgb(image, orientation, shrink, gif_blocks.part_with_frame(image))
    except _DECODER_FAILURES:
        raise CorruptImage("The picture is truncated or damaged.") from None
    if orientation in QUARTER_TURNS:
        width, height = height, width
    return _picture(content, width, height, scale * shrink, orientation)


def _picture(content: Held, width: int, height: int, factor: int, orientation: int) -> Picture:
    """A picture of `width` x `height` pixels that was reduced as it is stored, and then turned."""
    columns, rows = content.size
    left = columns * factor - width if orientation in MIRRORED_ACROSS else 0
    top = rows * factor - height if orientation in MIRRORED_DOWN else 0
    return Picture(content, width, height, factor, left, top)


def _scaled(image: Image.Image, min_side: int) -> int:
    """Have a JPEG decoded at a half, a quarter or an eighth of its size if that is enough: 2, 4 or 8."""
    width, height = image.size
    enough = min_side / min(width, height)
    drafted = image.draft(None, (max(1, int(width * enough)), max(1, int(height * enough))))
    return round(width / drafted[1][2]) if drafted else 1
