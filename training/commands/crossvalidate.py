"""`python -m training crossvalidate DATA --out FOLDER`: a recipe, measured on training people alone."""

import argparse
import json
import time
from pathlib import Path

from training.commands import fit
from training.console import say
from training.data.folders import read_dataset
from training.hyperparameters import HyperParameters
from training.interrupts import INTERRUPTED
from training.network.run_folders import RECIPE

RESULT = "crossvalidation.json"
HELP = "measure a recipe on the training people, a part of them at a time; validation is not looked at"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fit` but for --best, and how the people are dealt."""
    fit.add_arguments(parser, best="last")  # no fold chooses an epoch by the photos that it is scored on
    parser.add_argument("--folds", type=int, default=5, metavar="N", help="parts of the people (default: 5)")
    parser.add_argument("--by", metavar="COLUMN", help="also measure each value of this column of labels.csv")


def run(options: argparse.Namespace) -> int:
    """Train once per fold and report; 130 if it was stopped before the last fold."""
    recipe = HyperParameters.from_options(options)
    recipe.check_effects()
    with fit.claim(options, _is_ours, _is_unfinished):
        return _run(options, recipe)


def _run(options: argparse.Namespace, recipe: HyperParameters) -> int:
    now = time.time()
    path = options.out / RESULT
    data = read_dataset(options.data, recipe.validation_share, recipe.seed)
    path.unlink(missing_ok=True)  # a run that is stopped must not look like the finished one
    from training.learning.crossvalidation import crossvalidate  # imports TensorFlow, which takes seconds

    try:
        found = crossvalidate(
            data, options.out, recipe, options.cache, options.folds, options.weights, options.by
        )
    except KeyboardInterrupt:
        kept = fit.features_kept(options.cache, now)
        say("\nStopped before every fold was done: no result." + kept)
        return INTERRUPTED
    for line in found.lines():
        say(line)
    path.write_text(json.dumps(found.document(), indent=2) + "\n", encoding="utf-8")
    say(f"\nwritten: {path}")
    return 0


def _is_ours(out: Path) -> bool:
    try:
        document = json.loads((out / RECIPE).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and {"folds", "hyperparameters"} <= set(document)


def _is_unfinished(out: Path) -> bool:
    return not (out / RESULT).exists()
