"""From hostile bytes to an upright RGB picture.

Only the formats in `FORMATS` are opened, recognised by their content; the pixel count is checked from the
header before anything is decoded.
"""

import io
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import (
    AvifImagePlugin,
    ExifTags,
    Image,
    ImageOps,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from service.errors import CorruptImage, EmptyFile, ImageTooLarge, UnsupportedFormat
from service.geometry import RGB

FORMATS: Final = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
DEFAULT_MAX_PIXELS: Final = 50_000_000
DEFAULT_MAX_SIDE: Final = 20_000

# Imported so that an unknown format does not make Pillow load all of its plugins in the middle of a request.
_PLUGINS: Final = (AvifImagePlugin, TiffImagePlugin, WebPImagePlugin)
# Our own limit is checked first and has a clear message; Pillow's would only warn.
Image.MAX_IMAGE_PIXELS = None
_QUARTER_TURNS: Final = {5, 6, 7, 8}
_SIXTEEN_BIT_MODES: Final = {"I", "I;16", "I;16L", "I;16B", "I;16N"}
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
)


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    `pixels` may be smaller than the upright original of `width` x `height` pixels: a JPEG is decoded at a
    reduced scale where that is enough.
    """

    pixels: RGB
    width: int
    height: int

    @property
    def reduction(self) -> float:
        """Width of `pixels` as a share of the original width, 0..1."""
        return float(self.pixels.shape[1]) / self.width


def decode(
    data: bytes,
    min_side: int | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    max_side: int = DEFAULT_MAX_SIDE,
) -> Picture:
    """Decode an encoded picture to upright RGB: the first frame, EXIF orientation applied, alpha over white.

    `min_side` is the shorter side in pixels that is enough for the caller: JPEGs are then decoded at 1/2, 1/4
    or 1/8 of their size where the result still has it.

    Raises EmptyFile, UnsupportedFormat, ImageTooLarge or CorruptImage.
    """
    if not data:
        raise EmptyFile("Expected the bytes of a picture. Received: an empty file.")
    with warnings.catch_warnings():
        # Pillow warns of harmless oddities (odd EXIF, ICC); what matters raises.
        warnings.simplefilter("ignore")
        image = _open(data)
        _check_size(image, max_pixels, max_side)
        return _decode(image, min_side)


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise UnsupportedFormat(
            f"Expected a picture as {', '.join(FORMATS)}. Received: {len(data):,} bytes in another format."
        ) from None
    except _DECODER_FAILURES as error:
        raise CorruptImage(f"The picture's header is damaged ({type(error).__name__}).") from None


def _check_size(image: Image.Image, max_pixels: int, max_side: int) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise CorruptImage("The picture has no pixels.")
    if width * height > max_pixels or max(width, height) > max_side:
        raise ImageTooLarge(
            f"Expected at most {max_pixels:,} pixels and {max_side:,} pixels a side. "
            f"Received: {width} x {height} = {width * height:,} pixels."
        )


def _decode(image: Image.Image, min_side: int | None) -> Picture:
    try:
        width, height = image.size
        if min_side is not None and image.format == "JPEG":
            enough = min_side / min(width, height)
            image.draft(None, (max(1, int(width * enough)), max(1, int(height * enough))))
        if image.getexif().get(ExifTags.Base.Orientation, 1) in _QUARTER_TURNS:
            width, height = height, width
        upright = ImageOps.exif_transpose(image)
        pixels = np.asarray(_to_rgb(upright))
    except _DECODER_FAILURES as error:
        raise CorruptImage(f"The picture is truncated or damaged ({type(error).__name__}).") from None
    return Picture(pixels, width, height)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BIT_MODES:
        return _sixteen_bit_to_rgb(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _sixteen_bit_to_rgb(image: Image.Image) -> Image.Image:
    # Pillow's own conversion clips values over 255 instead of scaling them.
    levels = np.asarray(image).astype(np.int64)
    scale = 257 if levels.max(initial=0) > 255 else 1
    gray = np.clip(levels // scale, 0, 255).astype(np.uint8)
    return Image.fromarray(gray).convert("RGB")
