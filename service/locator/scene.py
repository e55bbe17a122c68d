"""A picture of which many views are taken, held by NumPy and by Pillow."""

from functools import cached_property

import numpy as np
from PIL import Image

from service.pictures.geometry import RGB, Held, dimensions
from service.pictures.upright import as_array


class Scene:
    """An upright picture, copied once for whichever of NumPy and Pillow is quicker at what is wanted."""

    def __init__(self, picture: RGB | Held) -> None:
        self._picture = picture

    @classmethod
    def of(cls, picture: "RGB | Held | Scene") -> "Scene":
        """A scene as it is, or one of a picture."""
        return picture if isinstance(picture, Scene) else cls(picture)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return dimensions(self._picture)

    @cached_property
    def pixels(self) -> RGB:
        """In NumPy's hands: single pixels of it are quickly found."""
        # From the image, which the first look needs in any case: what is turned, is turned once.
        return self._picture if isinstance(self._picture, np.ndarray) else as_array(self.image)

    @cached_property
    def image(self) -> Image.Image:
        """In Pillow's hands: parts of it are quickly reduced."""
        if isinstance(self._picture, Image.Image):
            return self._picture
        if isinstance(self._picture, np.ndarray):
            return Image.fromarray(np.ascontiguousarray(self._picture))
        return self._picture.crop((0, 0, *self.size))

    @cached_property
    def mirrored(self) -> "Scene":
        """The same with left and right swapped."""
        return Scene(self.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
