"""What becomes of the answers when photos are blurred, noisy, dark, compressed, turned or badly cut."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from service.pictures.geometry import RGB
from training.network.calibration import softmax
from training.reporting.subject import MARGIN, Subject, in_batches

Change = Callable[[RGB, float, np.random.Generator], RGB]
SEED: Final = 7


@dataclass(frozen=True)
class Trouble:
    """Something that happens to photos, in growing strength."""

    name: str
    unit: str
    levels: tuple[float, ...]
    """From harmless to severe; the untouched photo comes before them."""
    start: float
    """The level that stands for the untouched photo."""
    change: Change
    """A photo with its surroundings, the level and random numbers, to the same kind of photo."""


@dataclass(frozen=True)
class Curve:
    """How a model stands one kind of trouble."""

    trouble: Trouble
    levels: tuple[float, ...]
    accuracy: tuple[float, ...]
    confidence: tuple[float, ...]
    """Mean confidence: it should fall with the accuracy."""


def blur(photo: RGB, level: float, rng: np.random.Generator) -> RGB:
    """Out of focus: Gaussian of `level` percent of the side of what the network sees."""
    radius = level / 100 * _side(photo)
    return np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(radius)))


def noise(photo: RGB, level: float, rng: np.random.Generator) -> RGB:
    """The grain of a dim room: normal noise of `level` grey levels in every channel."""
    return _as_pixels(photo + rng.normal(0, level, photo.shape))


def darken(photo: RGB, level: float, rng: np.random.Generator) -> RGB:
    """A share `level` of the light is left."""
    return _as_pixels(photo * level)


def compress(photo: RGB, level: float, rng: np.random.Generator) -> RGB:
    """JPEG of the quality `level`."""
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=int(level))
    return np.asarray(Image.open(file).convert("RGB"))


def turn(photo: RGB, level: float, rng: np.random.Generator) -> RGB:
    """A tilted head: by `level` degrees to either side."""
    degrees = level * rng.choice([-1, 1])
    return np.asarray(Image.fromarray(photo).rotate(degrees, Image.Resampling.BICUBIC))


def shift(photo: RGB, level: float, rng: np.random.Generator) -> RGB:
    """A bad crop: moved in any direction by `level` percent of the side of what the network sees."""
    angle = rng.uniform(0, 2 * np.pi)
    across, down = (level / 100 * _side(photo) * np.array([np.cos(angle), np.sin(angle)])).round()
    return np.roll(photo, (int(down), int(across)), axis=(0, 1))


TROUBLES: Final = (
    Trouble("blur", "% of the side", (0.5, 1, 2, 4), 0, blur),
    Trouble("noise", "grey levels", (10, 25, 50), 0, noise),
    Trouble("darkness", "share of the light", (0.6, 0.35, 0.15), 1, darken),
    Trouble("JPEG", "quality", (40, 15, 5), 95, compress),
    Trouble("rotation", "degrees", (7, 15, 30), 0, turn),
    Trouble("crop shift", "% of the side", (5, 10, 20), 0, shift),
)


def chosen(labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """At most `count` photos: as many of every class as there are, but of none more than its fair part."""
    order = np.random.default_rng(SEED).permutation(len(labels))
    rank = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        rank[rows] = np.arange(len(rows))
    return np.sort(np.argsort(rank, kind="stable")[:count])


def curves(subject: Subject, count: int, troubles: Sequence[Trouble] = TROUBLES) -> list[Curve]:
    """Ask again for `count` photos under every trouble; the same photos and random numbers every time."""
    rows = chosen(subject.labels, count)
    photos, truth = subject.surroundings[rows], subject.labels[rows]
    untouched = subject.probabilities[rows]
    found = []
    for trouble in troubles:
        results = [untouched, *(_under(subject, photos, trouble, level) for level in trouble.levels)]
        found.append(
            Curve(
                trouble,
                (trouble.start, *trouble.levels),
                tuple(float((result.argmax(axis=1) == truth).mean()) for result in results),
                tuple(float(result.max(axis=1).mean()) for result in results),
            )
        )
    return found


def _under(
    subject: Subject, photos: NDArray[np.uint8], trouble: Trouble, level: float
) -> NDArray[np.float32]:
    rng = np.random.default_rng(SEED)
    inside = slice(subject.margin, subject.margin + subject.model.size)
    changed = np.stack([trouble.change(photo, level, rng)[inside, inside] for photo in photos])
    logits = in_batches(subject.model.logits, changed, f"{trouble.name} {level:g}")
    return softmax(logits, subject.temperature)


def _side(photo: RGB) -> float:
    """Of what the network sees, in pixels: the middle of a photo with its surroundings."""
    return len(photo) / (1 + 2 * MARGIN)


def _as_pixels(values: NDArray[np.floating]) -> RGB:
    pixels: RGB = np.clip(values, 0, 255).round().astype(np.uint8)
    return pixels
