"""Mild, seeded variations of a photo that leave its class alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from service.pictures.geometry import RGB

VERSION = 1
"""Part of the key of cached features: a change of what `vary` does must change it."""

TURN = 8.0
"""Largest turn in degrees, either way."""
ZOOM = 0.08
SHIFT = 0.04
"""Largest shift as a share of the side."""
LIGHT = 0.2
"""Largest change of brightness, contrast and saturation."""
BLUR = 0.008
"""Largest radius of the blur as a share of the side; half of the photos stay sharp."""


def vary(image: RGB, rng: np.random.Generator) -> RGB:
    """A variation of uint8 `[S, S, 3]`: flipped, turned, zoomed, shifted, in other light, less sharp."""
    varied = Image.fromarray(_moved(image[:, ::-1] if rng.random() < 0.5 else image, rng))
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        varied = change(varied).enhance(rng.uniform(1 - LIGHT, 1 + LIGHT))
    if rng.random() < 0.5:
        varied = varied.filter(ImageFilter.GaussianBlur(rng.uniform(0, BLUR) * image.shape[0]))
    return np.asarray(varied)


def vary_each(images: NDArray[np.uint8], seeds: Sequence[Sequence[int]]) -> NDArray[np.uint8]:
    """A variation of each of `[N, S, S, 3]`, each from its own seed."""
    pairs = zip(images, seeds, strict=True)
    return np.stack([vary(image, np.random.default_rng(list(seed))) for image, seed in pairs])


def _moved(image: RGB, rng: np.random.Generator) -> RGB:
    size = image.shape[0]
    margin = size // 4
    # Border pixels repeat, as where a crop leaves its photo.
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    angle = np.deg2rad(rng.uniform(-TURN, TURN))
    zoom = 1 / rng.uniform(1 - ZOOM, 1 + ZOOM)
    cos, sin = zoom * np.cos(angle), zoom * np.sin(angle)
    x, y = padded.shape[1] / 2 + rng.uniform(-SHIFT, SHIFT, 2) * size
    half = size / 2
    # Output pixel (u, v) comes from the rotated, zoomed offset (u, v) - half around the shifted middle.
    coefficients = (cos, -sin, x - cos * half + sin * half, sin, cos, y - sin * half - cos * half)
    moved = Image.fromarray(padded).transform(
        (size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    return np.asarray(moved)
