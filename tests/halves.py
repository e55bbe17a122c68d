"""A picture of two halves, and whether it came through."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from service.pictures.images import decode

RED, BLUE = (220, 30, 30), (30, 30, 220)


def two_halves(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Red on the left and blue on the right."""
    image = Image.new("RGB", size, BLUE)
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2 - 1, size[1]), RED)
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a picture in a format that Pillow writes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def assert_red_then_blue(data: bytes, tolerance: int = 60) -> None:
    """Whether a file still shows `two_halves`."""
    pixels = decode(data).pixels.astype(int)
    assert pixels.shape == (48, 64, 3)
    assert np.abs(pixels[24, 8] - RED).max() < tolerance
    assert np.abs(pixels[24, 56] - BLUE).max() < tolerance
