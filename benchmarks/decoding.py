"""What a phone's photo costs from its bytes to the pixels that a network sees.

    python -m benchmarks.decoding [--photo PHOTO] [--rounds 30]

Without a photo it is a picture of 12 megapixels and 3 MB, made of `examples/portrait.jpg`, enlarged, and of
noise, of which cameras leave some: so much that the file has its size. The service's way and Pillow's alone,
which decodes in full and scales, in turns.
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from benchmarks import machine, records
from service.pictures.regions import read_whole
from training.console import say

PORTRAIT: Final = Path("examples/portrait.jpg")
WIDTH, HEIGHT = 4000, 3000
BYTES: Final = 3_000_000
SIZES: Final = (80, 224)
"""Inputs of the shipped model and of the whole VGG16."""
QUALITY: Final = 90
_STEPS: Final = 8


@dataclass(frozen=True)
class Times:
    """Milliseconds of both ways for one size, a value a round."""

    ours: list[float]
    pillow: list[float]

    @property
    def median(self) -> float:
        """Of the service's way."""
        return statistics.median(self.ours)

    @property
    def ratio(self) -> float:
        """The service's time as a share of Pillow's in the same round, the median of all."""
        return statistics.median(ours / pillow for ours, pillow in zip(self.ours, self.pillow, strict=True))


def main() -> None:
    """Measure, print a Markdown table and keep what was measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photo", type=Path, help="a photo of yours instead")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--out", type=Path, default=records.FOLDER)
    options = parser.parse_args()
    data = options.photo.read_bytes() if options.photo else phone_photo()
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
    measured = {size: measure(data, size, options.rounds) for size in SIZES}
    say(f"{width} x {height} pixels, {len(data) / 1e6:.2f} MB, {options.rounds} rounds")
    say(machine.describe("pillow"))
    say()
    say("| to pixels | ms, median | least | most | Pillow alone, in full | of its time |")
    say("|---|---|---|---|---|---|")
    for size, times in measured.items():
        ours, full = times.ours, statistics.median(times.pillow)
        columns = (times.median, min(ours), max(ours), full)
        say(f"| {size} | {' | '.join(f'{value:.1f}' for value in columns)} | {times.ratio:.0%} |")
    if options.photo is None:
        medians = {size: times.median for size, times in measured.items()}
        records.keep(options.out, "decoding", "pillow", milliseconds=medians)


@cache
def phone_photo() -> bytes:
    """A JPEG of 12 megapixels and about 3 MB; the same bytes each time."""
    with Image.open(PORTRAIT) as portrait:
        large = np.asarray(portrait.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    noise = np.random.default_rng(0).standard_normal((HEIGHT, WIDTH, 1), np.float32)
    least, most = 0.0, 16.0
    for _ in range(_STEPS):
        middle = (least + most) / 2
        data = _encoded(large + middle * noise)
        least, most = (middle, most) if len(data) < BYTES else (least, middle)
    return data


def _encoded(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def measure(data: bytes, size: int, rounds: int) -> Times:
    """Both ways in turns, after a round that does not count."""
    ways = (read_whole, in_full)
    found = [[_milliseconds(way, data, size) for way in ways] for _ in range(rounds + 1)][1:]
    return Times([ours for ours, _ in found], [pillow for _, pillow in found])


def in_full(data: bytes, size: int) -> object:
    """Every pixel decoded, then scaled."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))


def _milliseconds(way: Callable[[bytes, int], object], data: bytes, size: int) -> float:
    start = time.perf_counter()
    way(data, size)
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
