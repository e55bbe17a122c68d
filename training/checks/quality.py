"""How large, bright, sharp and colourful a photo is, and which photos are too poor to learn from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.pictures.geometry import RGB
from training.checks.findings import Finding

MEASURED_SIDE: Final = 256
"""Larger pictures are measured at this size, so that a large photo is not sharper by its size alone."""
DARK: Final = 40.0
BRIGHT: Final = 225.0
FLAT: Final = 10.0
ODD: Final = 3.5
"""Robust standard deviations below the median that count as blurred."""
SOFT: Final = 0.012
"""Sharpness below which any picture is blurred, whatever the others are."""


@dataclass(frozen=True)
class Measures:
    """Simple properties of one picture."""

    width: int
    height: int
    kilobytes: float
    brightness: float
    """Mean grey value, 0..255."""
    contrast: float
    """Standard deviation of the grey values."""
    sharpness: float
    """Mean absolute Laplacian as a share of the contrast, at 256 pixels at most."""
    colour: float
    """Mean difference between the largest and the smallest colour channel, 0..255."""


def measure(pixels: RGB, size: int) -> Measures:
    """Measure a picture of `size` encoded bytes."""
    from scipy.ndimage import laplace  # here, as it takes long

    image = Image.fromarray(pixels)
    image.thumbnail((MEASURED_SIDE, MEASURED_SIDE), Image.Resampling.BOX)
    grey = np.asarray(image.convert("L"), dtype=np.float32)
    colours = np.asarray(image)
    spread = colours.max(axis=2).astype(np.int16) - colours.min(axis=2)
    contrast = float(grey.std())
    return Measures(
        width=pixels.shape[1],
        height=pixels.shape[0],
        kilobytes=size / 1000,
        brightness=float(grey.mean()),
        contrast=contrast,
        sharpness=float(np.abs(laplace(grey, mode="nearest")).mean()) / max(contrast, 1.0),
        colour=float(spread.mean()),
    )


def find_poor(names: Sequence[str], measures: Sequence[Measures], smallest: int) -> Iterator[Finding]:
    """Photos with a side under `smallest` pixels, out of focus, or too dark or bright to see much."""
    blurred = _unusually_low(np.array([item.sharpness for item in measures]))
    for name, item, soft in zip(names, measures, blurred, strict=True):
        if min(item.width, item.height) < smallest:
            detail = f"{item.width} x {item.height} pixels; expected {smallest} or more a side"
            yield Finding("tiny", detail, (name,), score=float(smallest - min(item.width, item.height)))
        if item.contrast < FLAT:
            detail = f"almost one colour (contrast {item.contrast:.0f})"
            yield Finding("dark", detail, (name,), score=255 - item.contrast)
        elif item.brightness < DARK:
            yield Finding("dark", f"dark (mean {item.brightness:.0f} of 255)", (name,), 255 - item.brightness)
        elif item.brightness > BRIGHT:
            yield Finding("dark", f"too bright (mean {item.brightness:.0f} of 255)", (name,), item.brightness)
        elif soft:
            yield Finding(
                "blurred", f"out of focus (sharpness {item.sharpness:.3f})", (name,), 1 - item.sharpness
            )


def _unusually_low(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Values far under the median, measured on a logarithmic scale by the median absolute deviation."""
    logs = np.log(values + 1e-4)
    spread = 1.4826 * float(np.median(np.abs(logs - np.median(logs)))) + 0.1
    odd: NDArray[np.bool_] = (logs < np.median(logs) - ODD * spread) | (values < SOFT)
    return odd
