"""Squares in pictures: the crop geometry that training and the service share."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

RGB = NDArray[np.uint8]
"""An upright picture: uint8 `[height, width, 3]`, colours in RGB order."""

Point = tuple[float, float]
"""x and y in pixels, the origin at the upper left corner of the picture."""


@dataclass(frozen=True)
class Square:
    """An axis-parallel square in pixels; it may reach over the border of its picture."""

    left: float
    top: float
    side: float

    @classmethod
    def around_eye(cls, a: Point, b: Point, scale: float, centre: float) -> "Square":
        """The square of side `scale * |a - b|` around an eye with corners `a` and `b`.

        It is centred horizontally on the midpoint of the corners, which lies at the share `centre` of its
        height.
        """
        side = scale * math.dist(a, b)
        x, y = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
        return cls(left=x - side / 2, top=y - centre * side, side=side)

    @classmethod
    def central(cls, width: int, height: int) -> "Square":
        """The largest square in the middle of a picture: what `region=whole` looks at."""
        side = min(width, height)
        return cls(left=(width - side) / 2, top=(height - side) / 2, side=side)

    def scaled(self, factor: float) -> "Square":
        """The same square in a picture that is `factor` times as large."""
        return Square(self.left * factor, self.top * factor, self.side * factor)

    def narrowed(self, scale: float, centre: float, to_scale: float, to_centre: float) -> "Square":
        """The square of another crop geometry around the eye that this square was cut around.

        A crop made with `scale` and `centre` thus serves every network that looks at less of it.
        """
        width = self.side / scale
        side = width * to_scale
        x, y = self.left + self.side / 2, self.top + centre * self.side
        return Square(left=x - side / 2, top=y - to_centre * side, side=side)


def dimensions(picture: RGB | Image.Image) -> tuple[int, int]:
    """Width and height in pixels."""
    if isinstance(picture, Image.Image):
        return picture.size
    height, width = picture.shape[:2]
    return width, height


def cut(picture: RGB | Image.Image, square: Square, size: int) -> RGB:
    """Resample a square of a picture to uint8 `[size, size, 3]`; outside the picture its border repeats.

    Antialiased bilinear resampling (Pillow's), so that large and small pictures of the same eye agree. The
    same pixels give the same square, whether NumPy holds them or Pillow, as RGB.
    """
    x0, y0 = math.floor(square.left), math.floor(square.top)
    x1, y1 = math.ceil(square.left + square.side), math.ceil(square.top + square.side)
    x, y = square.left - x0, square.top - y0
    box = (x, y, x + square.side, y + square.side)
    patch = _patch(picture, x0, y0, x1, y1)
    return np.asarray(patch.resize((size, size), Image.Resampling.BILINEAR, box))


def _patch(picture: RGB | Image.Image, x0: int, y0: int, x1: int, y1: int) -> Image.Image:
    width, height = dimensions(picture)
    inside = x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height
    if inside and isinstance(picture, Image.Image):
        box = (x0, y0, x1, y1)
        return picture if box == (0, 0, width, height) else picture.crop(box)
    pixels = np.asarray(picture)
    if inside:
        pixels = pixels[y0:y1, x0:x1]
    else:
        rows = np.clip(np.arange(y0, y1), 0, height - 1)
        columns = np.clip(np.arange(x0, x1), 0, width - 1)
        pixels = pixels[rows[:, None], columns]
    return Image.fromarray(np.ascontiguousarray(pixels))
