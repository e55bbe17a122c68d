"""`python -m training thin`: VGG16 becomes a smaller one, made for one kind of photo, to train on."""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.commands import channels
from training.commands.outputs import check_outside
from training.console import quoted, say
from training.data.dataset import Dataset
from training.data.folders import read_dataset
from training.errors import TrainingError
from training.hyperparameters import HyperParameters
from training.learning.variations import Variations
from training.new_folders import check_writable

HELP: Final = (
    "Write VGG16's weights again without the channels that photos of this kind do not need, as a file for "
    "--weights of fit and crossvalidate. Takes their options; size, until, crop, variation and seed matter. "
    "Labels are not looked at, nor are validation photos. The folds of crossvalidate are training photos: "
    "what they say about such a base is not quite held out."
)
RESIDUAL: Final = 0.06
PHOTOS: Final = 1600
FEWEST: Final = 50
"""A kernel over 512 channels has 4,608 weights, and a photo shows a layer 200 places: from fewer photos the
least squares would learn little but these photos."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Paths and how much may go, then the hyperparameters."""
    parser.description = HELP
    parser.add_argument("data", type=Path, help="photos as for `training fit`")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace that file")
    channels.add_residual(parser, RESIDUAL)
    parser.add_argument(
        "--photos",
        type=int,
        default=PHOTOS,
        metavar="N",
        help="so many training photos show what the layers do, each as it is and once varied "
        f"(default: {PHOTOS})",
    )
    parser.add_argument("--weights", metavar="FILE", help="VGG16 weights, as for fit (default: our copy)")
    HyperParameters.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Thin and write."""
    recipe = HyperParameters.from_options(options)
    _check(options)
    data = read_dataset(options.data, recipe.validation_share, recipe.seed)
    images = _pictures(data, recipe, options.photos)
    from training.network.backbone import load_weights  # imports TensorFlow, which takes seconds
    from training.network.weight_files import write_npz
    from training.pruning.base import multiply_adds, thin

    whole = load_weights(options.weights)
    thinned = thin(whole, recipe.until, images, options.residual, recipe.seed, lambda cut: say(str(cut)))
    before, after = (multiply_adds(weights, recipe.until, recipe.size) / 1e9 for weights in (whole, thinned))
    write_npz(thinned, options.out)
    say(
        f"VGG16 up to {recipe.until} at {recipe.size} pixels: {after:.2f} instead of {before:.2f} billion "
        f"multiply-adds, {before / after:.1f} times fewer"
    )
    say(f"\nwritten: {options.out}. Next, with the same options and the same photos:")
    given = f"{quoted(options.data)} --weights {quoted(options.out)} --out <folder>"
    say(f"  python -m training crossvalidate {given}")
    say(f"  python -m training fit {given}")
    return 0


def _check(options: argparse.Namespace) -> None:
    channels.check(options)
    if options.out.suffix != ".npz":
        raise TrainingError(f"Expected --out as a file that ends in .npz. Received: {options.out}")
    if options.out.exists() and not options.overwrite:
        raise TrainingError(
            f"There is a file {options.out}. Give another --out, or --overwrite to replace it."
        )
    check_outside(options, "out")
    check_writable(options.out.parent, "--out")  # now: it takes a quarter of an hour to have what to write


def _pictures(data: Dataset, recipe: HyperParameters, count: int) -> NDArray[np.uint8]:
    """Some training photos, drawn by chance, each as it is and in its first variation."""
    photos = data.split("train")
    drawn = np.random.default_rng(recipe.seed).permutation(len(photos))[:count]
    chosen = [photos[index] for index in drawn]
    if len(chosen) < FEWEST:
        raise TrainingError(
            f"Expected {FEWEST} training photos or more, in {data.root} and by --photos. "
            f"Received: {len(chosen)}."
        )
    variations = Variations(
        recipe.size, recipe.crop if data.has_eyes else None, recipe.seed, recipe.variation
    )
    return np.concatenate([variations.pictures(chosen, [number] * len(chosen)) for number in (0, 1)])
