"""Pictures for pages: photos, maps and grids of maps as data URLs."""

import base64
import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.pictures.geometry import RGB

Array = NDArray[np.floating[Any]]

FOR: Final = np.array([232, 89, 12])
AGAINST: Final = np.array([28, 116, 216])
"""Orange and blue: told apart by colour-blind people too."""
STRONGEST: Final = 0.85
"""Opacity of the strongest colour over a photo."""
GAP: Final = 2
BRIGHT: Final = 99.0
"""Percentile of a map's values from which on they are shown as bright as can be."""


def data_url(image: RGB, quality: int = 82) -> str:
    """RGB `[H, W, 3]` as a WebP data URL."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=quality)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def thumbnail(image: RGB, side: int) -> str:
    """A photo made to fit a square of `side` pixels, as a data URL."""
    small = Image.fromarray(image)
    small.thumbnail((side, side))
    return data_url(np.asarray(small))


def coloured(values: Array) -> RGB:
    """Values `[H, W]` from 0 (dark violet) to almost their largest (yellow): RGB `[H, W, 3]`."""
    import matplotlib  # here, as it takes long

    # Convolutions pad with zeros, and a few values at the border would make all others look dark.
    top = float(np.percentile(values, BRIGHT)) or float(values.max())
    colours = matplotlib.colormaps["magma"](np.clip(values / top if top > 0 else values * 0, 0, 1))
    pixels: RGB = (colours[:, :, :3] * 255).astype(np.uint8)
    return pixels


def strongest(maps: Array, count: int) -> NDArray[np.int64]:
    """The `count` maps of `[C, H, W]` whose values differ most within the picture, in their own order."""
    order = np.argsort(-maps.std(axis=(1, 2)), kind="stable")[:count]
    return np.sort(order)


def tile(values: Array, side: int) -> RGB:
    """One map `[H, W]` as a picture of `side` pixels, every value a sharp square where it is small."""
    image = Image.fromarray(coloured(values))
    larger = image.width < side
    method = Image.Resampling.NEAREST if larger else Image.Resampling.BOX
    return np.asarray(image.resize((side, side), method))


def grid(maps: Array, columns: int, side: int) -> RGB:
    """Maps `[C, H, W]` side by side, each on its own scale, with transparent-looking gaps of grey."""
    rows = -(-len(maps) // columns)
    step = side + GAP
    sheet = np.full((rows * step - GAP, columns * step - GAP, 3), 127, dtype=np.uint8)
    for number, values in enumerate(maps):
        top, left = number // columns * step, number % columns * step
        sheet[top : top + side, left : left + side] = tile(values, side)
    return sheet


def overlay(picture: RGB, change: Array, scale: float) -> RGB:
    """A faded photo with a map `[h, w]` over it: orange where it is above 0, blue where below.

    `scale` is the value of full colour. Maps of fewer pixels are enlarged smoothly.
    """
    height, width = picture.shape[:2]
    share = np.clip(change / scale if scale > 0 else change * 0, -1, 1).astype(np.float32)
    smooth = Image.fromarray(share).resize((width, height), Image.Resampling.BICUBIC)
    strength = np.clip(np.asarray(smooth), -1, 1)[:, :, None]
    grey = np.asarray(Image.fromarray(picture).convert("L"), dtype=np.float32)[:, :, None]
    faded = 0.6 * (0.75 * grey + 0.25 * picture) + 0.4 * 235
    colour = np.where(strength > 0, FOR, AGAINST)
    opacity = STRONGEST * np.abs(strength)
    mixed = faded * (1 - opacity) + colour * opacity
    pixels: RGB = np.clip(mixed, 0, 255).astype(np.uint8)
    return pixels
