"""Square windows on a picture, in any place and turned by any angle: what the locator's networks look at."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.geometry import RGB

Points = NDArray[np.float64]
"""Points float64 `[n, 2]`: x and y."""


@dataclass(frozen=True)
class View:
    """A square with its middle at `x`, `y`, in pixels of the picture, turned clockwise by `angle` radians."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    @classmethod
    def whole(cls, picture: RGB, margin: float = 0.0) -> "View":
        """The smallest upright square around a picture, larger by a share `margin` of its side."""
        height, width = picture.shape[:2]
        return cls(width / 2, height / 2, max(width, height) * (1 + margin))

    def to_picture(self, points: NDArray[np.floating]) -> Points:
        """Points in shares of the view, `[..., 2]`, as pixels of the picture."""
        return (np.asarray(points, dtype=np.float64) - 0.5) * self.side @ self._axes() + (self.x, self.y)

    def from_picture(self, points: Points) -> Points:
        """Pixels of the picture, `[..., 2]`, in shares of the view."""
        return (points - (self.x, self.y)) @ self._axes().T / self.side + 0.5

    def pixels(self, picture: RGB, size: int, repeat_border: bool) -> RGB:
        """Resample the view to uint8 `[size, size, 3]`; outside the picture is its border, or black.

        Bilinear after averaging blocks of pixels where the picture is much larger than the view.
        """
        block = max(1, int(self.side / size / 2))
        x0, y0, x1, y1 = self._bounds(picture, block)
        patch = Image.fromarray(np.ascontiguousarray(picture[y0:y1, x0:x1]))
        if block > 1:
            patch = patch.reduce(block)
        x, y = (self.x - x0) / block, (self.y - y0) / block
        side = self.side / block
        if repeat_border:
            pad = self._padding(patch, x, y, side)
            if any(pad):
                left, top, right, bottom = pad
                patch = Image.fromarray(
                    np.pad(np.asarray(patch), ((top, bottom), (left, right), (0, 0)), mode="edge")
                )
                x, y = x + left, y + top
        matrix = self._matrix(x + 0.5 / block, y + 0.5 / block, side / size, size / 2)
        view = patch.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
        return np.asarray(view)

    def _matrix(self, x: float, y: float, step: float, half: float) -> tuple[float, ...]:
        # As MediaPipe does, whose networks know no other pictures: a pixel shows its upper left corner, not
        # its middle. Half a pixel of 192 moves the corners of an eye by 2 % of its width.
        cosine, sine = math.cos(self.angle) * step, math.sin(self.angle) * step
        half += 0.5
        return cosine, -sine, x - half * (cosine - sine), sine, cosine, y - half * (sine + cosine)

    def _axes(self) -> Points:
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        return np.array([[cosine, sine], [-sine, cosine]])

    def _reach(self, side: float) -> float:
        """Half the side of the upright square around the view."""
        return side / 2 * (abs(math.cos(self.angle)) + abs(math.sin(self.angle)))

    def _bounds(self, picture: RGB, block: int) -> tuple[int, int, int, int]:
        # At least one pixel stays, so that a view beside the picture still has a border to repeat.
        height, width = picture.shape[:2]
        reach = self._reach(self.side) + 2 * block
        x0 = min(max(0, math.floor(self.x - reach)), width - 1)
        y0 = min(max(0, math.floor(self.y - reach)), height - 1)
        x1 = max(min(width, math.ceil(self.x + reach)), x0 + 1)
        y1 = max(min(height, math.ceil(self.y + reach)), y0 + 1)
        return x0, y0, x1, y1

    def _padding(self, patch: Image.Image, x: float, y: float, side: float) -> tuple[int, int, int, int]:
        reach = self._reach(side) + 1
        sides = (reach - x, reach - y, x + reach - patch.width, y + reach - patch.height)
        left, top, right, bottom = (max(0, math.ceil(value)) for value in sides)
        return left, top, right, bottom
