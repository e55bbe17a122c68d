"""What the page shows of a photo, and which photos it can show at all."""

import io
from pathlib import Path
from typing import Final

from PIL import Image

from service.errors import UnusableImage
from service.pictures.images import decode
from training.errors import TrainingError

LARGEST: Final = 1200
"""Longer side in pixels of what is shown."""


class UnshowablePhoto(TrainingError):
    """A photo that cannot be read or decoded, so that nobody can know its class."""


class Pictures:
    """The photos of a folder as pictures; safe to use from many threads."""

    def __init__(self) -> None:
        self._shown: set[Path] = set()

    def jpeg(self, photo: Path) -> bytes:
        """Always a JPEG that we made: upright, of a size for a screen, and nothing but a picture.

        Raises UnshowablePhoto.
        """
        try:
            pixels = decode(photo.read_bytes(), min_side=LARGEST).pixels
        except (OSError, UnusableImage) as error:
            raise UnshowablePhoto(f"{photo.name} cannot be shown, so it gets no class: {error}") from None
        image = Image.fromarray(pixels)
        image.thumbnail((LARGEST, LARGEST))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=92)
        self._shown.add(photo)
        return buffer.getvalue()

    def check(self, photo: Path) -> None:
        """Raise UnshowablePhoto unless the photo can be shown, or was shown before."""
        if photo not in self._shown:
            self.jpeg(photo)
