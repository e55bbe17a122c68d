"""From an image that Pillow holds to upright RGB pixels, in bands: it is in memory once, not five times."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image, TiffImagePlugin

from service.pictures.geometry import RGB, Box, Held
from service.pictures.turned import Turned

_BAND_PIXELS: Final = 1 << 20
_SIXTEEN_BIT_MODES: Final = {"I;16", "I;16L", "I;16B", "I;16N"}
_BITS: Final = TiffImagePlugin.BITSPERSAMPLE
_TRANSPARENT_MODES: Final = {"RGBA", "LA", "PA", "La", "RGBa"}


def upright_rgb(
    image: Image.Image, orientation: int = 1, shrink: int = 1, painted: Box | None = None
) -> Image.Image | Turned:
    """An image turned as its EXIF orientation, 1 to 8, says; alpha over white, 16 bits as 8.

    Each pixel is the mean of a square of `shrink` pixels of the image. Where only a part of it is painted,
    the rest is white.
    """
    rgb = _shrunk(image, shrink, painted)
    return rgb if orientation == 1 else Turned(rgb, orientation)


def as_array(picture: Held) -> RGB:
    """All pixels of a picture as an array."""
    width, height = picture.size
    pixels = np.empty((height, width, 3), np.uint8)
    for top, band in _bands(picture, 1):
        pixels[top:][: band.height] = np.asarray(band)
    return pixels


def _shrunk(image: Image.Image, shrink: int, painted: Box | None) -> Image.Image:
    width, height = image.size
    levels = _levels(image)
    is_plain = image.mode == "RGB" and "transparency" not in image.info and painted is None
    if is_plain or width * height <= _BAND_PIXELS:  # there is nothing to convert, or little
        rgb = _on_white(_to_rgb(image, levels), painted)
        rgb.load()
        return rgb.reduce(shrink) if shrink > 1 else rgb
    rgb = Image.new("RGB", (math.ceil(width / shrink), math.ceil(height / shrink)))
    for top, band in _bands(image, shrink):
        part = _on_white(_to_rgb(band, levels), painted, top)
        rgb.paste(part.reduce(shrink) if shrink > 1 else part, (0, top // shrink))
    return rgb


def _bands(image: Held, shrink: int) -> Iterator[tuple[int, Image.Image]]:
    width, height = image.size
    rows = shrink * max(1, _BAND_PIXELS // (width * shrink))
    if isinstance(image, Image.Image) and rows >= height:  # no copy of a small picture
        yield 0, image
        return
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(height, top + rows)))


def _levels(image: Image.Image) -> int:
    """How many levels of a 16-bit image make one of 8 bits; Pillow itself clips values over 255."""
    if image.mode not in _SIXTEEN_BIT_MODES:
        return 1
    # Pillow leaves the twelve bits of a TIFF as they are.
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_BITS) == (12,):
        return 16
    return 257 if any(np.asarray(band).max() > 255 for _, band in _bands(image, 1)) else 1


def _to_rgb(image: Image.Image, levels: int) -> Image.Image:
    if image.mode in _SIXTEEN_BIT_MODES:
        values = np.asarray(image)
        gray = np.clip(values.astype(np.int64) // levels, 0, 255).astype(np.uint8)
        gray[values == image.info.get("transparency", -1)] = 255
        return Image.fromarray(gray).convert("RGB")
    if image.mode == "La":  # Pillow has no way from it to anything else
        image = image.convert("LA")
    if image.mode in _TRANSPARENT_MODES or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(rgb: Image.Image, painted: Box | None, top: int = 0) -> Image.Image:
    """The painted part of a band that begins at the row `top`, and white around it."""
    if painted is None:
        return rgb
    white = Image.new("RGB", rgb.size, "white")
    left, first, right, last = painted
    box = (left, max(0, first - top), right, min(rgb.height, last - top))
    if box[1] < box[3]:
        white.paste(rgb.crop(box), box)
    return white
