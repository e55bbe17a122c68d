"""Square windows on a picture, in any place and turned by any angle: what the locator's networks look at."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.arrays import NDArray
from service.locator.scene import Scene
from service.pictures.geometry import RGB, Box, overlap

Points = NDArray[np.float64]
"""Points float64 `[n, 2]`: x and y."""

FINENESS: Final = 4
"""Pixels of the picture per pixel of the view beyond which blocks are averaged before sampling. The networks
were trained on plain bilinear samples: more averaging costs agreement, less makes huge photos noisy."""


@dataclass(frozen=True)
class View:
    """A square with its middle at `x`, `y`, in pixels of the picture, turned clockwise by `angle` radians."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    @classmethod
    def whole(cls, width: int, height: int, margin: float = 0.0) -> "View":
        """The smallest upright square around a picture, larger by a share `margin` of its side."""
        return cls(width / 2, height / 2, max(width, height) * (1 + margin))

    def to_picture(self, points: NDArray[np.floating]) -> Points:
        """Points in shares of the view, `[..., 2]`, as pixels of the picture."""
        return (np.asarray(points, dtype=np.float64) - 0.5) * self.side @ self._axes() + (self.x, self.y)

    def from_picture(self, points: Points) -> Points:
        """Pixels of the picture, `[..., 2]`, in shares of the view."""
        return (points - (self.x, self.y)) @ self._axes().T / self.side + 0.5

    def pixels(self, picture: RGB | Scene, size: int, repeat_border: bool) -> RGB:
        """Resample the view to uint8 `[size, size, 3]`; outside the picture is its border, or black.

        Bilinear after averaging blocks of pixels where the picture is much larger than the view.
        """
        scene, block = Scene.of(picture), max(1, int(self.side / size / FINENESS))
        if block == 1:
            columns, rows = self._places(self.x + 0.5, self.y + 0.5, self.side / size, size)
            return _sample(scene.pixels, columns, rows, repeat_border)
        box = self._bounds(*scene.size, block)
        x, y, side = (self.x - box[0]) / block, (self.y - box[1]) / block, self.side / block
        columns, rows = self._places(x + 0.5 / block, y + 0.5 / block, side / size, size)
        return _sample(np.asarray(scene.image.reduce(block, box)), columns, rows, repeat_border)

    def _places(self, x: float, y: float, step: float, size: int) -> tuple[Points, Points]:
        """Where the pixels of the view lie, `[size, size]` each: columns and rows of the picture."""
        # As MediaPipe does, whose networks know no other pictures: a pixel shows its upper left corner, not
        # its middle. Half a pixel of 192 moves the corners of an eye by 2 % of its width.
        cosine, sine = math.cos(self.angle) * step, math.sin(self.angle) * step
        line = np.arange(size) - size / 2
        right, down = line[None, :], line[:, None]
        return x - 0.5 + cosine * right - sine * down, y - 0.5 + sine * right + cosine * down

    def _axes(self) -> Points:
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        return np.array([[cosine, sine], [-sine, cosine]])

    def _reach(self, side: float) -> float:
        """Half the side of the upright square around the view."""
        return side / 2 * (abs(math.cos(self.angle)) + abs(math.sin(self.angle)))

    def _bounds(self, width: int, height: int, block: int) -> Box:
        reach = self._reach(self.side) + 2 * block
        left, right = overlap(self.x - reach, self.x + reach, width)
        top, bottom = overlap(self.y - reach, self.y + reach, height)
        return left, top, right, bottom


def _sample(picture: RGB, columns: Points, rows: Points, repeat_border: bool) -> RGB:
    """Bilinear samples at places given as indices of pixels; costs nothing for the rest of the picture."""
    height, width = picture.shape[:2]
    left, top = np.floor(columns), np.floor(rows)
    x0, x1 = (np.clip(left + step, 0, width - 1).astype(np.intp) for step in (0, 1))
    y0, y1 = (np.clip(top + step, 0, height - 1).astype(np.intp) * width for step in (0, 1))
    pixels = picture.reshape(-1, 3)
    right_share, lower_share = _shares(columns - left), _shares(rows - top)
    levels = _mixed(pixels, y0 + x0, y0 + x1, right_share)
    lower = _mixed(pixels, y1 + x0, y1 + x1, right_share)
    lower -= levels
    lower *= lower_share
    levels += lower
    if not repeat_border:
        inside = (columns >= -0.5) & (columns < width - 0.5) & (rows >= -0.5) & (rows < height - 0.5)
        levels *= _shares(inside)
    levels += 0.5
    return levels.astype(np.uint8).reshape(*columns.shape, 3)


def _mixed(
    pixels: RGB, first: NDArray[np.intp], second: NDArray[np.intp], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    """`share` of the second pixels and the rest of the first, flat."""
    levels = np.take(pixels, first, axis=0).ravel().astype(np.float32)
    difference = np.take(pixels, second, axis=0).ravel() - levels
    difference *= share
    levels += difference
    return levels


def _shares(values: NDArray[np.generic]) -> NDArray[np.float32]:
    """One number per level instead of per pixel: flat arrays are much faster than rows of three."""
    return np.repeat(values.astype(np.float32), 3)
