"""How long training takes: from images to report, cold and warm, beside a loop that caches nothing.

    python -m benchmarks.training_time [DATA] [--train 800] [--validation 400] [fit's own options]

DATA has `train/<class>/*` and `validation/<class>/*`; without it pictures of two classes are drawn, of which
each is as much work as a photo. The first run computes the features, the second finds them. The uncached loop
runs the base on every training and validation photo in every epoch, as `model.fit` on images does; a few of
its batches are measured and the rest is extrapolated.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from benchmarks import records
from benchmarks.machine import describe
from training.console import progress, say
from training.hyperparameters import HyperParameters
from training.network.backbone import build, load_weights

BATCHES = 6
"""Batches of the uncached loop that are measured, after one to warm up."""
PACKAGES: Final = ("tensorflow-cpu", "keras")
SPLITS: Final = ("train", "validation")
SIDE: Final = 224
"""Of a drawn picture, in pixels."""


def main() -> int:
    """Measure and print; returns the exit code of the first training that fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--train", type=int, default=800, help="training photos at most, of all classes")
    parser.add_argument("--validation", type=int, default=400, help="validation photos at most")
    parser.add_argument("--out", type=Path, default=records.FOLDER, help="for training.json")
    HyperParameters.add_options(parser)
    options = parser.parse_args()
    recipe = HyperParameters.from_options(options)
    say(describe(*PACKAGES))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = {split: getattr(options, split) for split in SPLITS}
        counts = prepare(options.data, folder / "photos", wanted)
        seconds = {}
        for run in ("cold", "warm"):
            code, seconds[run] = _time(run, [*_command(folder, folder / run), *_flags(recipe)])
            if code:
                return code
    uncached = _uncached(recipe, sum(counts.values()))
    about = {"photos": counts, "epochs": recipe.epochs, "drawn": options.data is None}
    records.keep(options.out, "training", *PACKAGES, **about, **seconds, uncached=uncached)
    return 0


def prepare(data: Path | None, folder: Path, wanted: dict[str, int]) -> dict[str, int]:
    """Draw so many photos of each split, or link those of `data`; returns how many there are.

    `data` may have fewer than are wanted.
    """
    for split, count in wanted.items():
        if data is None:
            draw(folder / split, count)
        else:
            _link(data / split, folder / split, count)
    return {split: sum(path.is_file() for path in (folder / split).glob("*/*")) for split in wanted}


def draw(folder: Path, count: int) -> None:
    """JPEGs of soft spots of colour, in two classes of which one is the brighter."""
    generator = np.random.default_rng([count, len(folder.name)])
    for number in progress(range(count), folder.name):
        name = ("bright", "dark")[number % 2]
        spots = generator.integers(0, 160, (12, 12, 3)) + (60 if name == "bright" else 0)
        picture = Image.fromarray(spots.astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        (folder / name).mkdir(parents=True, exist_ok=True)
        picture.save(folder / name / f"{folder.name}-{number}.jpg", quality=90)


def _time(name: str, command: list[str]) -> tuple[int, float]:
    """Exit code and seconds of a command; its CPU seconds tell how much of them was other people's work."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    code = subprocess.run(command).returncode
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say(f"{name}: {wall:.1f} s from images to report, interpreter start included; {cpu:.1f} CPU seconds\n")
    return code, wall


def _link(source: Path, target: Path, count: int) -> None:
    """The same number of photos of each class, as links; of a class that has fewer, all."""
    classes = sorted(path for path in source.iterdir() if path.is_dir())
    for folder in classes:
        (target / folder.name).mkdir(parents=True)
        for path in sorted(folder.iterdir())[: count // len(classes)]:
            (target / folder.name / path.name).symlink_to(path.resolve())


def _command(folder: Path, out: Path) -> list[str]:
    paths = [str(folder / "photos"), "--out", str(out), "--cache", str(folder / "cache")]
    return [sys.executable, "-m", "training", "fit", *paths]


def _flags(recipe: HyperParameters) -> list[str]:
    return [
        text for name, value in vars(recipe).items() for text in (f"--{name.replace('_', '-')}", str(value))
    ]


def _uncached(recipe: HyperParameters, photos: int) -> float:
    """Seconds of all epochs, extrapolated."""
    import tensorflow as tf

    base = build(recipe.size, load_weights(), recipe.end)
    forward = tf.function(lambda images: base(images, training=False))
    shape = (recipe.batch, recipe.size, recipe.size, 3)
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)
    times = []
    for _ in range(BATCHES + 1):
        began = time.perf_counter()
        forward(images).numpy()
        times.append((time.perf_counter() - began) / recipe.batch)
    each = float(np.median(times[1:]))
    seconds = each * photos * recipe.epochs
    say(
        f"uncached: {1000 * each:.0f} ms a photo in the base (median of {BATCHES} batches of {recipe.batch});"
    )
    say(f"{photos} photos x {recipe.epochs} epochs: {seconds / 60:.0f} min (extrapolated)")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
