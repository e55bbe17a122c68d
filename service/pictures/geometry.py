"""Squares in pictures: the crop geometry that training and the service share."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from service.arrays import NDArray

RGB = NDArray[np.uint8]
"""An upright picture: uint8 `[height, width, 3]`, colours in RGB order."""

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""


class Held(Protocol):
    """An upright RGB picture that is not an array: one of Pillow's images, or what is used like it."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""

    def crop(self, box: Box, /) -> Image.Image:
        """A piece of the picture, which lies inside of it."""


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


def dimensions(picture: RGB | Held) -> tuple[int, int]:
    """Width and height in pixels."""
    if not isinstance(picture, np.ndarray):
        return picture.size
    height, width = picture.shape[:2]
    return width, height


def piece(picture: RGB | Held, box: Box) -> RGB:
    """A piece of a picture, which lies inside of it: uint8 `[bottom - top, right - left, 3]`."""
    if not isinstance(picture, np.ndarray):
        return np.asarray(picture.crop(box))
    left, top, right, bottom = box
    return picture[top:bottom, left:right]


def with_surroundings(picture: RGB | Held, square: Square) -> tuple[RGB, Square]:
    """As much of a picture as a square and one side of it around it hold, and where the square is in that."""
    width, height = dimensions(picture)
    left, right = overlap(square.left - square.side, square.left + 2 * square.side, width)
    top, bottom = overlap(square.top - square.side, square.top + 2 * square.side, height)
    there = Square(square.left - left, square.top - top, square.side)
    return piece(picture, (left, top, right, bottom)), there


def overlap(begin: float, end: float, length: int) -> tuple[int, int]:
    """Of `length` pixels the first one between two places, and the one after the last.

    At least one, at the border, so that what lies beside a picture still has a border to repeat.
    """
    first = min(max(0, math.floor(begin)), length - 1)
    return first, max(first + 1, min(length, math.ceil(end)))


def cut(picture: RGB | Held, square: Square, size: int) -> RGB:
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


def _patch(picture: RGB | Held, x0: int, y0: int, x1: int, y1: int) -> Image.Image:
    width, height = dimensions(picture)
    if not isinstance(picture, np.ndarray) and x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height:
        if isinstance(picture, Image.Image) and (x0, y0, x1, y1) == (0, 0, width, height):
            return picture
        return picture.crop((x0, y0, x1, y1))
    columns = np.clip(np.arange(x0, x1), 0, width - 1)
    rows = np.clip(np.arange(y0, y1), 0, height - 1)
    left, top = int(columns[0]), int(rows[0])
    pixels = piece(picture, (left, top, int(columns[-1]) + 1, int(rows[-1]) + 1))
    if pixels.shape[:2] != (y1 - y0, x1 - x0):
        pixels = pixels[rows[:, None] - top, columns - left]
    return Image.fromarray(np.ascontiguousarray(pixels))
