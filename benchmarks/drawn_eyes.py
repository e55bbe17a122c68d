"""Portraits with drawn dark glasses, or with eyelids drawn shut: eyes that must not get a shape."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from service.locator.eyes import Face
from service.pictures.geometry import RGB

Points = NDArray[np.float64]


def with_dark_glasses(picture: RGB, face: Face, opacity: float = 1.0) -> RGB:
    """Two nearly black lenses over the eyes; `opacity` 0..1."""
    image = Image.fromarray(picture)
    mask = Image.new("L", image.size)
    for eye in face.eyes:
        x, y = (eye.eyelids[0] + eye.eyelids[8]) / 2
        w = eye.width
        lens = (x - 0.95 * w, y - 0.6 * w, x + 0.95 * w, y + 0.8 * w)
        ImageDraw.Draw(mask).ellipse(lens, fill=round(255 * opacity))
    return np.asarray(Image.composite(Image.new("RGB", image.size, (15, 15, 18)), image, mask))


def with_shut_eyes(picture: RGB, face: Face) -> RGB:
    """Skin of the upper lid over the whole opening, lashes along the lower lid."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    for eye in face.eyes:
        lids = eye.eyelids
        outline = np.concatenate([lids[:9], lids[:8:-1]])
        middle = lids.mean(axis=0)
        draw.polygon(_pairs(middle + (outline - middle) * (1.06, 1.3)), fill=_skin(picture, lids, eye.width))
        draw.line(
            _pairs(lids[:9] + (0, 0.02 * eye.width)), fill=(35, 25, 25), width=max(1, round(0.06 * eye.width))
        )
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.5)))


def _skin(picture: RGB, lids: Points, width: float) -> tuple[int, int, int]:
    height, picture_width = picture.shape[:2]
    places = lids[9:] - (0, 0.18 * width)
    x = np.clip(places[:, 0].astype(int), 0, picture_width - 1)
    y = np.clip(places[:, 1].astype(int), 0, height - 1)
    red, green, blue = picture[y, x].mean(axis=0)
    return int(red), int(green), int(blue)


def _pairs(points: Points) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in points]
