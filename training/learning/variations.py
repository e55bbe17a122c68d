"""Versions of photos: as they are, or varied, each the same whenever it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.networks.metadata import CropGeometry
from training.data.dataset import Photo
from training.data.photos import load
from training.learning.augmentation import VERSION as AUGMENTATION
from training.learning.augmentation import vary_each
from training.learning.distortion import OVERSIZE, SURROUNDINGS, distort
from training.learning.distortion import VERSION as DISTORTION


@dataclass(frozen=True)
class Variations:
    """How photos are cut, scaled and varied."""

    size: int
    """Side of the pictures in pixels."""
    crop: CropGeometry | None
    seed: int
    kind: str = "mild"
    """`mild` (training/learning/augmentation.py) or `strong` (training/learning/distortion.py)."""

    def pictures(self, photos: Sequence[Photo], numbers: Sequence[int]) -> NDArray[np.uint8]:
        """A version of each photo, RGB `[N, size, size, 3]`; number 0 is the photo as it is.

        Raises OSError or service.errors.UnusableImage for a file that has changed since it was checked.
        """
        strong = self.kind == "strong"
        varied = [index for index, number in enumerate(numbers) if number]
        chosen = [photos[index] for index in varied]
        seeds = [self._seed(photos[index], numbers[index]) for index in varied]
        # Strong variations are cut out of wider pictures: theirs are not decoded as they are.
        as_it_is = [index for index, number in enumerate(numbers) if not (number and strong)]
        images = np.empty((len(photos), self.size, self.size, 3), dtype=np.uint8)
        images[as_it_is] = load([photos[index] for index in as_it_is], self.size, self.crop)
        if varied:
            images[varied] = self._distorted(chosen, seeds) if strong else vary_each(images[varied], seeds)
        return images

    def key(self, photo: Photo, number: int) -> list[object]:
        """What a varied version depends on, besides how the photo is cut; empty for number 0."""
        if not number:
            return []
        return [DISTORTION if self.kind == "strong" else AUGMENTATION, *self._seed(photo, number)]

    def _distorted(self, photos: Sequence[Photo], seeds: Sequence[tuple[int, int, int]]) -> NDArray[np.uint8]:
        wide = load(photos, round(self.size * OVERSIZE), self.crop, SURROUNDINGS)
        generators = [np.random.default_rng(list(seed)) for seed in seeds]
        return np.stack([distort(*pair, self.size) for pair in zip(wide, generators, strict=True)])

    def _seed(self, photo: Photo, number: int) -> tuple[int, int, int]:
        return self.seed, number, int(photo.digest[:12], 16)
