"""What the locked base makes of each photo, computed once and kept on disk.

A cached file holds the float16 features of one version of one photo. Its name is a digest of everything they
depend on: the photo's bytes, how it is cut, the input size, the base's weights, the layer, and the seed of
the variation. So nothing ever has to be cleared for correctness; the folder can be deleted at any time. Only
the last bit of a few values depends on the batch that a photo was computed in, on how many were missing.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from service.networks.metadata import CropGeometry
from training.console import progress
from training.data.dataset import Photo
from training.learning.variations import Variations
from training.whole_files import whole_file

BATCH: Final = 32
FORMAT: Final = 5
"""Changes when the pixels of a photo or the layout of a file change."""
_OWN: Final = 0o600
"""What photos of people look like to a network is for whoever trains alone."""
LARGEST: Final = float(np.finfo(np.float16).max)

Features = NDArray[np.float16]


def as_features(maps: NDArray[Any]) -> Features:
    """The base's maps, in which nothing is negative, as float16; too large values become the largest."""
    features: Features = np.minimum(maps, LARGEST).astype(np.float16)
    return features


@dataclass(frozen=True)
class Version:
    """One photo as it is (`number` 0) or varied, and the row of the result that it fills."""

    photo: Photo
    number: int
    row: int


class FeatureCache:
    """The features of one base at one size and crop; `weights` is the digest of the base's weights."""

    def __init__(
        self,
        folder: Path,
        base: keras.Model,
        weights: str,
        crop: CropGeometry | None,
        seed: int,
        variation: str = "mild",
    ) -> None:
        self._folder = folder
        self._base = base
        self._weights = weights
        size = int(base.input.shape[1])
        self._variations = Variations(size, crop, seed, variation)
        self._shape = tuple(base.output.shape[1:])
        signature = [tf.TensorSpec((None, size, size, 3), tf.float32)]
        self._forward = tf.function(lambda images: base(images, training=False), input_signature=signature)

    def features(self, photos: Sequence[Photo], versions: int = 1, what: str = "features") -> Features:
        """Features of `versions` versions of each photo: float16 `[versions, N, H, W, C]`.

        Version 0 is the photo as it is. Missing ones are computed with a progress bar and stored; an
        interruption keeps what was computed. Raises OSError, with the file, if the cache cannot be written.
        """
        result = np.empty((versions * len(photos), *self._shape), dtype=np.float16)
        missing = []
        for number in range(versions):
            for index, photo in enumerate(photos):
                version = Version(photo, number, number * len(photos) + index)
                if not self._read(version, result):
                    missing.append(version)
        batches = [missing[start : start + BATCH] for start in range(0, len(missing), BATCH)]
        for batch in progress(batches, f"{what} ({len(missing)} photos)") if batches else ():
            for version, features in self._compute(batch):
                result[version.row] = features
                self._write(version, features)
        return result.reshape(versions, len(photos), *self._shape)

    def _compute(self, batch: Sequence[Version]) -> Iterator[tuple[Version, Features]]:
        images = self._variations.pictures(
            [version.photo for version in batch], [version.number for version in batch]
        )
        outputs: NDArray[Any] = self._forward(images.astype(np.float32)).numpy()
        yield from zip(batch, as_features(outputs), strict=True)

    def path(self, version: Version) -> Path:
        """Where the features of one version are kept."""
        photo = version.photo
        crop = self._variations.crop if photo.geometry == "wide" else None
        parts: list[object] = [
            FORMAT,
            photo.digest,
            crop,
            self._variations.size,
            self._weights,
            self._base.layers[-1].name,
            self._shape,
            *self._variations.key(photo, version.number),
        ]
        key = hashlib.sha256(repr(parts).encode()).hexdigest()
        return self._folder / key[:2] / f"{key}.npy"

    def _read(self, version: Version, result: Features) -> bool:
        """Fill the version's row from its file; False if there is none, or only a damaged one."""
        try:
            with self.path(version).open("rb") as file:
                features = np.lib.format.read_array(file, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return False
        if features.dtype != np.float16 or features.shape != self._shape:
            return False
        result[version.row] = features
        return True

    def _write(self, version: Version, features: Features) -> None:
        with whole_file(self.path(version), _OWN) as file:
            np.save(file, features, allow_pickle=False)
