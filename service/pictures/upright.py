"""From an image that Pillow holds to upright RGB pixels, in bands: it is in memory once, not five times."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image, TiffImagePlugin

from service.pictures.geometry import RGB

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""

_BAND_PIXELS: Final = 1 << 20
_SIXTEEN_BIT_MODES: Final = {"I;16", "I;16L", "I;16B", "I;16N"}
_BITS: Final = TiffImagePlugin.BITSPERSAMPLE
_TRANSPARENT_MODES: Final = {"RGBA", "LA", "PA", "La", "RGBa"}
QUARTER_TURNS: Final = {5, 6, 7, 8}
"""EXIF orientations that swap width and height."""
MIRRORED_ACROSS: Final = {2, 3, 6, 7}
MIRRORED_DOWN: Final = {3, 4, 7, 8}
"""Those in which the last columns, or rows, that are stored are the first ones of the upright picture."""


def upright_rgb(
    image: Image.Image, orientation: int = 1, shrink: int = 1, painted: Box | None = None
) -> RGB | Image.Image:
    """An image turned as its EXIF orientation, 1 to 8, says; alpha over white, 16 bits as 8.

    Each pixel is the mean of a square of `shrink` pixels of the image. Where only a part of it is painted,
    the rest is white. A small picture that is upright already stays in Pillow's hands: copying it to NumPy
    and back takes as long as decoding half of it.
    """
    width, height = image.size
    levels = _levels(image)
    if orientation == 1 and width * height <= _BAND_PIXELS:
        rgb = _on_white(_to_rgb(image, levels), painted)
        rgb.load()
        return rgb.reduce(shrink) if shrink > 1 else rgb
    pixels = np.empty((math.ceil(height / shrink), math.ceil(width / shrink), 3), np.uint8)
    for top, band in _bands(image, shrink):
        rgb = _on_white(_to_rgb(band, levels), painted, top)
        rows = np.asarray(rgb.reduce(shrink) if shrink > 1 else rgb)
        pixels[top // shrink :][: len(rows)] = rows
    return np.ascontiguousarray(_turned(pixels, orientation))


def _bands(image: Image.Image, shrink: int) -> Iterator[tuple[int, Image.Image]]:
    width, height = image.size
    rows = shrink * max(1, _BAND_PIXELS // (width * shrink))
    if rows >= height:  # no copy of a small picture
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


def _turned(pixels: RGB, orientation: int) -> RGB:
    """What a camera stored turned or mirrored, as it was seen."""
    if orientation in (5, 7):
        pixels = pixels.transpose(1, 0, 2)
    turns = {3: 2, 4: 2, 6: 3, 7: 2, 8: 1}.get(orientation, 0)
    pixels = np.rot90(pixels, turns)
    return pixels[:, ::-1] if orientation in (2, 4) else pixels
