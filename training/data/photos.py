"""From files to the pixels a network sees, by the service's own functions."""

import errno
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.machine.cpus import available
from service.networks.metadata import CropGeometry
from service.pictures.geometry import RGB, Square, cut
from service.pictures.images import decode
from service.pictures.regions import enough
from training.data.dataset import Photo

WIDE: Final = CropGeometry(scale=2.0, centre=0.55)
"""How `training crop` cuts eyes."""
MAX_BYTES: Final = 200_000_000
"""Of one file that a user names, which may be a device that gives bytes for ever."""


def read_named(path: Path) -> bytes:
    """The bytes of a file, or of a pipe; raises OSError, also where there are more than `MAX_BYTES`."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"more than {MAX_BYTES:,} bytes", str(path))
    return data


def square(photo: Photo, width: int, height: int, crop: CropGeometry | None) -> Square:
    """The part of a file of `width` x `height` pixels that a network with this crop geometry looks at.

    A `wide` file is narrowed to the crop; of any other file it is the central square.
    """
    whole = Square.central(width, height)
    if photo.geometry != "wide" or crop is None:
        return whole
    return whole.narrowed(WIDE.scale, WIDE.centre, crop.scale, crop.centre)


def load(
    photos: Sequence[Photo], size: int, crop: CropGeometry | None, zoom: float = 1.0
) -> NDArray[np.uint8]:
    """Decode and cut photos: RGB `[N, size, size, 3]`; `zoom` times the crop, around its middle.

    Raises OSError or service.errors.UnusableImage for a file that has changed since it was checked.
    """

    def one(photo: Photo) -> RGB:
        data = photo.path.read_bytes()
        if photo.digest and hashlib.sha256(data).hexdigest() != photo.digest:
            # Features are kept under the digest: those of another picture would stay for good.
            raise OSError(errno.ESTALE, "the file has changed since it was checked", str(photo.path))
        return looked_at(photo, data, size, crop, zoom)

    images = np.empty((len(photos), size, size, 3), dtype=np.uint8)
    with ThreadPoolExecutor(available()) as pool:
        for index, image in enumerate(pool.map(one, photos)):
            images[index] = image
    return images


def looked_at(photo: Photo, data: bytes, size: int, crop: CropGeometry | None, zoom: float = 1.0) -> RGB:
    """What a network sees of a photo of these bytes, `[size, size, 3]`; raises UnusableImage."""
    share = zoom * crop.scale / WIDE.scale if photo.geometry == "wide" and crop else zoom
    # As the service decodes, so that a network learns from the pixels it will be asked about.
    picture = decode(data, min_side=enough(size, share)).pixels
    whole = square(photo, picture.shape[1], picture.shape[0], crop)
    return cut(picture, _zoomed(whole, zoom), size)


def batches(images: NDArray[np.uint8], size: int = 8) -> Iterator[NDArray[np.uint8]]:
    """Pictures `[M, S, S, 3]`, a few at a time: all activations of a batch are in memory at once."""
    yield from np.split(images, range(size, len(images), size))


def _zoomed(square: Square, zoom: float) -> Square:
    margin = square.side * (zoom - 1) / 2
    return Square(square.left - margin, square.top - margin, square.side * zoom)
