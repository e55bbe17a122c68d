"""Read every photo once and keep what is small: measures, a 32 pixel thumbnail, a feature vector.

Photos pass through in batches, so that memory depends on the number of photos (about 10 kB each) and not on
their size.
"""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.errors import UnusableImage
from service.machine.cpus import available
from service.networks.metadata import CropGeometry
from service.pictures.geometry import RGB, cut
from service.pictures.images import decode
from training.checks.quality import Measures, measure
from training.console import progress
from training.data.dataset import Photo, Skipped
from training.data.folders import (
    described,
    rows_by_file,
    rows_of_classes,
    undecodable,
    unknown_classes,
    unmatched,
)
from training.data.listing import files_of, is_picture, list_files
from training.data.photos import square
from training.errors import TrainingError

THUMBNAIL: Final = 32
BATCH: Final = 64
EYE: Final = CropGeometry(scale=1.2, centre=0.5)
"""What the network looks at in `wide` files: the eye itself, at the scale of `tight` files."""


class Embedder(Protocol):
    """Turns crops into feature vectors."""

    size: int

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Crops `[N, size, size, 3]` to features `[N, D]`."""


@dataclass(frozen=True)
class Survey:
    """What is known about every readable photo; all rows are in the order of `photos`."""

    root: Path
    photos: tuple[Photo, ...]
    skipped: tuple[Skipped, ...]
    """What cannot be read, and what is not used for another reason."""
    measures: tuple[Measures, ...]
    thumbnails: NDArray[np.uint8]
    """Grey values `[N, 32, 32]` of the whole pictures, squeezed to a square."""
    features: NDArray[np.float16] | None
    """`[N, D]`, or None where no network was asked."""

    def name(self, index: int) -> str:
        """A photo's path below the data folder."""
        return self.photos[index].path.relative_to(self.root).as_posix()

    @property
    def names_people(self) -> bool:
        """Whether anybody said who is in the photos; otherwise each is a person of its own."""
        return any(photo.named for photo in self.photos)

    @property
    def units(self) -> str:
        """What is told apart: people where anybody named them, else photos."""
        return "people" if self.names_people else "photos"

    @property
    def labels(self) -> list[str]:
        """The ids of the classes, sorted."""
        return sorted({photo.label for photo in self.photos})

    @property
    def targets(self) -> NDArray[np.int64]:
        """The index of each photo's label in `labels`, `[N]`."""
        index = {label: number for number, label in enumerate(self.labels)}
        return np.array([index[photo.label] for photo in self.photos], dtype=np.int64)


@dataclass(frozen=True)
class _Seen:
    photo: Photo
    measures: Measures
    thumbnail: NDArray[np.uint8]
    crop: RGB | None


def survey(root: Path, embed: Embedder | None = None) -> Survey:
    """Read a data folder; `embed` is asked for feature vectors where given.

    Raises TrainingError where there is no photo at all.
    """
    listed = list(list_files(root))
    rows, classes = rows_by_file(root, files_of(root, listed)), rows_of_classes(root, listed)
    found = [described(item, root, rows) if isinstance(item, Photo) else item for item in listed]
    strangers = [*unmatched(root, rows, listed), *unknown_classes(root, classes, listed)]
    skipped = strangers + [item for item in found if isinstance(item, Skipped)]
    seen: list[_Seen] = []
    features: list[NDArray[np.float16]] = []
    for batch in _batches([item for item in found if isinstance(item, Photo)], embed):
        good = [item for item in batch if isinstance(item, _Seen)]
        skipped += [item for item in batch if isinstance(item, Skipped)]
        if embed is not None and good:
            features.append(embed(np.stack([item.crop for item in good if item.crop is not None])))
        seen += [replace(item, crop=None) for item in good]
    if not seen:
        here = any(map(is_picture, root.iterdir()))
        hint = ", but photos beside them; give the folder above if this is a class" if here else ""
        reasons = "" if here else "".join(f"\n  {item.path}: {item.reason}" for item in skipped[:10])
        raise TrainingError(
            f"Expected photos in folders named after their classes. Received: none in {root}{hint}{reasons}"
        )
    return Survey(
        root,
        tuple(item.photo for item in seen),
        tuple(skipped),
        tuple(item.measures for item in seen),
        np.stack([item.thumbnail for item in seen]),
        np.concatenate(features) if features else None,
    )


def _batches(photos: Sequence[Photo], embed: Embedder | None) -> Iterator[list[_Seen | Skipped]]:
    size = embed.size if embed is not None else None
    starts = range(0, len(photos), BATCH)
    with ThreadPoolExecutor(available()) as pool:
        for start in progress(starts, "reading photos", total=len(starts)):
            yield list(pool.map(lambda photo: _read(photo, size), photos[start : start + BATCH]))


def _read(photo: Photo, size: int | None) -> _Seen | Skipped:
    try:
        data = photo.path.read_bytes()
        picture = decode(data)
    except OSError as error:
        return Skipped(photo.path, f"an unreadable file ({error.strerror})", unreadable=True)
    except UnusableImage as error:
        return undecodable(photo.path, error)
    pixels = picture.pixels
    crop = None
    if size is not None:
        crop = cut(pixels, square(photo, pixels.shape[1], pixels.shape[0], EYE), size)
    return _Seen(
        replace(photo, digest=hashlib.sha256(data).hexdigest()),
        measure(pixels, len(data)),
        thumbnail(pixels),
        crop,
    )


def thumbnail(pixels: RGB) -> NDArray[np.uint8]:
    """Grey values `[32, 32]` of a picture, squeezed to a square."""
    side = 2 * THUMBNAIL
    small = Image.fromarray(pixels).convert("L").resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(small.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX))
