"""How long training takes: from images to report, cold and warm, beside a loop that caches nothing.

    python -m benchmarks.training_time DATA [--train 800] [--validation 400] [fit's own options]

DATA has `train/<class>/*` and `validation/<class>/*`. The first run computes the features, the second finds
them. The uncached loop runs the base on every training and validation photo in every epoch, as
`model.fit` on images does; a few of its batches are measured and the rest is extrapolated.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import describe
from training.backbone import build, load_weights
from training.console import say
from training.hyperparameters import HyperParameters

BATCHES = 6
"""Batches of the uncached loop that are measured, after one to warm up."""


def main() -> int:
    """Measure and print; returns the exit code of the first training that fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--train", type=int, default=800, help="training photos, spread over the classes")
    parser.add_argument("--validation", type=int, default=400, help="validation photos")
    HyperParameters.add_options(parser)
    options = parser.parse_args()
    recipe = HyperParameters.from_options(options)
    say(describe("tensorflow-cpu", "keras"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for split in ("train", "validation"):
            _link(options.data / split, folder / "photos" / split, getattr(options, split))
        for run in ("cold", "warm"):
            code = _time(run, [*_command(folder, folder / run), *_flags(recipe)])
            if code:
                return code
    _uncached(recipe, options.train + options.validation)
    return 0


def _time(name: str, command: list[str]) -> int:
    """Run a command; its CPU seconds tell how much of the wall time was other people's work."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    code = subprocess.run(command).returncode
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say(f"{name}: {wall:.1f} s from images to report, interpreter start included; {cpu:.1f} CPU seconds\n")
    return code


def _link(source: Path, target: Path, count: int) -> None:
    """The same number of photos of each class, as links."""
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


def _uncached(recipe: HyperParameters, photos: int) -> None:
    import tensorflow as tf

    base = build(recipe.size, load_weights())
    forward = tf.function(lambda images: base(images, training=False))
    shape = (recipe.batch, recipe.size, recipe.size, 3)
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)
    seconds = []
    for _ in range(BATCHES + 1):
        began = time.perf_counter()
        forward(images).numpy()
        seconds.append((time.perf_counter() - began) / recipe.batch)
    each = float(np.median(seconds[1:]))
    minutes = each * photos * recipe.epochs / 60
    say(
        f"uncached: {1000 * each:.0f} ms a photo in the base (median of {BATCHES} batches of {recipe.batch});"
    )
    say(f"{photos} photos x {recipe.epochs} epochs: {minutes:.0f} min (extrapolated)")


if __name__ == "__main__":
    sys.exit(main())
