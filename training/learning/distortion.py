"""Strong, seeded variations of a photo of an eye: other cameras, other light, a mask over the cheek."""

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from service.pictures.geometry import RGB

VERSION: Final = "strong 1"
"""Part of the key of cached features: a change of what `distort` does must change it."""
SURROUNDINGS: Final = 1.5
"""Side of the picture that `distort` takes, in sides of the crop: a turned crop shows what was beside it."""
OVERSIZE: Final = 2.25
"""Side of that picture in pixels, in sides of the result."""

TURN: Final = np.deg2rad(6)
"""Spread of the turn; this and the spreads that follow are standard deviations."""
ZOOM: Final = 0.07
STRETCH: Final = 0.04
SHIFT: Final = 0.035
"""As a share of the side."""
CONTRAST: Final = 0.2
BRIGHTNESS: Final = 18.0
"""Grey levels."""
COLOUR: Final = 0.06

Pixels = NDArray[np.floating[Any]]


def distort(surroundings: RGB, rng: np.random.Generator, size: int) -> RGB:
    """A variation, uint8 `[size, size, 3]`, of the middle of a picture `[S, S, 3]` (see SURROUNDINGS).

    Half of them are flipped. All are moved and lit differently; some are blurred or small, JPEG, grey or
    noisy, and in a quarter the lower edge is covered, so that nothing is learned from face masks.
    """
    image = _as_other_camera(_moved(surroundings, rng, size), rng)
    pixels = _in_other_light(np.asarray(image, dtype=np.float32), rng)
    if rng.random() < 0.25:
        pixels[int(size * rng.uniform(0.7, 0.95)) :] = rng.uniform(0, 255, 3)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _moved(surroundings: RGB, rng: np.random.Generator, size: int) -> Image.Image:
    whole = surroundings.shape[0]
    crop = whole / SURROUNDINGS
    step = crop * np.exp(rng.normal(0, ZOOM)) / size
    angle = rng.normal(0, TURN)
    x, y = whole / 2 + rng.normal(0, SHIFT, 2) * crop
    stretch = np.exp(rng.normal(0, STRETCH))
    flip = -1 if rng.random() < 0.5 else 1
    cos, sin = np.cos(angle) * step, np.sin(angle) * step
    across, down = (flip * cos * stretch, -sin), (flip * sin * stretch, cos)
    half = size / 2
    coefficients = (*across, x - sum(across) * half, *down, y - sum(down) * half)
    return Image.fromarray(surroundings).transform(
        (size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )


def _as_other_camera(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    size = image.width
    chance = rng.random()
    if chance < 0.25:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2) * size / 64))
    elif chance < 0.45:
        side = int(size * rng.uniform(0.45, 0.8))
        small = image.resize((side, side), Image.Resampling.BILINEAR)
        image = small.resize((size, size), Image.Resampling.BICUBIC)
    if rng.random() < 0.2:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(25, 80)))
        image = Image.open(file)
    return image


def _in_other_light(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    mean = pixels.mean()
    pixels = (pixels - mean) * np.exp(rng.normal(0, CONTRAST)) + mean + rng.normal(0, BRIGHTNESS)
    pixels = pixels * np.exp(rng.normal(0, COLOUR, 3))
    if rng.random() < 0.15:
        share = rng.uniform(0.3, 1)
        pixels = pixels * (1 - share) + pixels.mean(axis=2, keepdims=True) * share
    if rng.random() < 0.2:
        pixels = pixels + rng.normal(0, rng.uniform(2, 10), pixels.shape)
    return pixels
