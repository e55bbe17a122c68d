"""What a camera stored, seen as its Exif orientation says; turned piece by piece, as it is asked for.

Of a large photo a network sees two small squares: to turn all of it would take longer than to decode it.
"""

from typing import Final

from PIL import Image

from service.pictures.geometry import Box

_TRANSPOSE: Final = Image.Transpose
_WAYS: Final = {
    2: _TRANSPOSE.FLIP_LEFT_RIGHT,
    3: _TRANSPOSE.ROTATE_180,
    4: _TRANSPOSE.FLIP_TOP_BOTTOM,
    5: _TRANSPOSE.TRANSPOSE,
    6: _TRANSPOSE.ROTATE_270,
    7: _TRANSPOSE.TRANSVERSE,
    8: _TRANSPOSE.ROTATE_90,
}
"""From what is stored to what was seen, by orientation."""
QUARTER_TURNS: Final = {5, 6, 7, 8}
"""EXIF orientations that swap width and height."""
MIRRORED_ACROSS: Final = {2, 3, 6, 7}
MIRRORED_DOWN: Final = {3, 4, 7, 8}
"""Those in which the last columns, or rows, that are stored are the first ones of the upright picture."""


class Turned:
    """An image as it is stored, in an orientation of 2 to 8, to cut pieces of the upright picture from."""

    def __init__(self, stored: Image.Image, orientation: int) -> None:
        self._stored = stored
        self._orientation = orientation

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture in pixels."""
        width, height = self._stored.size
        return (height, width) if self._orientation in QUARTER_TURNS else (width, height)

    def crop(self, box: Box) -> Image.Image:
        """A piece of the upright picture, which lies inside of it."""
        return self._stored.crop(self._as_stored(box)).transpose(_WAYS[self._orientation])

    def _as_stored(self, box: Box) -> Box:
        (width, height), (left, top, right, bottom) = self.size, box
        if self._orientation in MIRRORED_ACROSS:
            left, right = width - right, width - left
        if self._orientation in MIRRORED_DOWN:
            top, bottom = height - bottom, height - top
        return (
            (top, left, bottom, right) if self._orientation in QUARTER_TURNS else (left, top, right, bottom)
        )
