"""`python -m training fit DATA --out RUN`: train VGG16 on a folder of photos."""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path

from training.commands.outputs import check_outside
from training.console import quoted, say
from training.data.dataset import Dataset, Skipped
from training.data.folders import read_dataset
from training.errors import TrainingError
from training.hyperparameters import HyperParameters
from training.interrupts import INTERRUPTED
from training.locking import alone
from training.network import run_folders
from training.network.weight_files import check_source
from training.new_folders import check_writable, is_taken
from training.tables import table

HELP = "train VGG16 on a folder of photos"
NAMED = 20
"""So many unusable files are named on the screen; `metrics.json` names them all."""


def add_arguments(parser: argparse.ArgumentParser, **decided: str) -> None:
    """Paths, then one option per hyperparameter but for those that are `decided` already."""
    parser.add_argument("data", type=Path, help="train/<class>/* and validation/<class>/*, or <class>/*")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder for the run")
    parser.add_argument("--overwrite", action="store_true", help="replace the run that is in RUN")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(".features"),
        help="folder of computed features (default: .features)",
    )
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help="VGG16 weights: .npz, .h5, .keras, .onnx, or `imagenet` for Keras' download (default: our copy)",
    )
    HyperParameters.add_options(parser, **decided)


def run(options: argparse.Namespace) -> int:
    """Train and report; 130 if it was stopped before there was anything to keep."""
    began, now = time.perf_counter(), time.time()
    recipe = HyperParameters.from_options(options)
    recipe.check_effects()
    with claim(options):
        data = read_dataset(options.data, recipe.validation_share, recipe.seed)
        _say_data(data)
        from training.learning.session import train  # imports TensorFlow, which takes seconds

        try:
            outcome = train(data, options.out, recipe, options.cache, options.weights)
        except KeyboardInterrupt:
            say(f"\n{_stopped(options.out, recipe)}{features_kept(options.cache, now)}")
            if run_folders.is_complete(options.out):
                _say_next(options)
            return INTERRUPTED
    if outcome.interrupted:
        say(f"\n{_stopped_after(outcome.epochs, recipe)}")
    best = outcome.best
    if recipe.best == "last":
        say(f"\nThe last of {outcome.epochs} epochs")
    else:
        say(f"\nBest of {outcome.epochs} epochs: {best.number} (chosen by these validation photos)")
    shares: dict[str, float | None] = {
        "accuracy": best.val_accuracy,
        "balanced accuracy": best.val_balanced_accuracy,
    }
    shares |= {f"found of {label}": recall for label, recall in outcome.recall.items()}
    rows = [[name, "-" if share is None else f"{share:.1%}"] for name, share in shares.items()]
    for line in table(["", "validation"], rows):
        say(f"  {line}".rstrip())
    if not isfinite(best.val_loss):
        say(
            "Note: the training has diverged, its loss is no number: nothing can be made of this run. "
            "A smaller --learning-rate, or --fine-tune-rate where the base learns too, helps."
        )
    seconds = outcome.seconds | {"all": time.perf_counter() - began}
    say("  seconds: " + ", ".join(f"{name} {value:.0f}" for name, value in seconds.items()))
    _say_next(options)
    return 0


def _say_next(options: argparse.Namespace) -> None:
    say(f"\nThe run is in {options.out}. Next:")
    say(f"  python -m training evaluate {quoted(options.out)} {quoted(options.data)}")
    say(f"  python -m training export {quoted(options.out)} --to models/<name>/1")


def _stopped(out: Path, recipe: HyperParameters) -> str:
    """What is there after Ctrl-C that was pressed while no epoch ran."""
    if not run_folders.is_complete(out):
        return "Stopped before the run was complete: no model."
    metrics = json.loads((out / run_folders.METRICS).read_bytes())
    if metrics["interrupted"]:  # the second time
        return _stopped_after(metrics["epochs"], recipe)
    return f"Stopped after the last epoch: the run in {out} is complete."


def _stopped_after(epochs: int, recipe: HyperParameters) -> str:
    kept = "this one" if recipe.best == "last" else "the best epoch so far"
    return f"Stopped after epoch {epochs} of {recipe.passes}: {kept} is kept."


def features_kept(cache: Path, since: float) -> str:
    """What to say of the features that were computed since then: nothing where there are none."""
    new = any(path.stat().st_mtime >= since for path in cache.glob("*/*.npy"))
    return " The features computed so far are kept." if new else ""


@contextmanager
def claim(
    options: argparse.Namespace,
    is_ours: Callable[[Path], bool] = run_folders.is_ours,
    is_unfinished: Callable[[Path], bool] = run_folders.is_unfinished,
) -> Iterator[None]:
    """Keep --out for one training; raises TrainingError as `check_folders`, or where another is at it."""
    check_folders(options, is_ours, is_unfinished)
    with alone(options.out):
        check_folders(options, is_ours, is_unfinished)  # again: another may have ended a moment ago
        yield


def check_folders(
    options: argparse.Namespace, is_ours: Callable[[Path], bool], is_unfinished: Callable[[Path], bool]
) -> None:
    """Raises TrainingError if --out holds a run or anything else, or lies around or among the photos.

    So does it where weights or cache cannot be used. What a folder that is not empty holds has to be ours.
    What is unfinished may be begun anew, all else only with --overwrite.
    """
    out = options.out
    check_outside(options, "out", "cache")
    check_source(options.weights)
    check_writable(options.cache, "--cache")
    if options.data.resolve().is_relative_to(out.resolve()):
        raise TrainingError(
            f"Expected --out to be a folder of its own. Received: {out}, which holds the photos."
        )
    if not is_taken(out):
        return
    if not is_ours(out):
        raise TrainingError(f"Expected a new or empty folder for --out, or a run's. Received: {out}")
    if not is_unfinished(out) and not options.overwrite:
        raise TrainingError(f"There is a run in {out}. Give another --out, or --overwrite to replace it.")


def _say_data(data: Dataset) -> None:
    train, validation = data.counts("train"), data.counts("validation")
    rows = [[label.id, str(train[label.id]), str(validation[label.id])] for label in data.labels]
    rows.append(["all", str(sum(train.values())), str(sum(validation.values()))])
    for line in table(["class", "train", "validation"], rows):
        say(line)
    if data.skipped:
        _say_skipped(data.root, data.skipped)
    _say_conflicts(data)
    unseen = [name for name, count in validation.items() if not count]
    if unseen:
        say(
            f"Note: no validation photo of {', '.join(unseen)}: nothing will tell how often such photos are "
            "found. It takes photos of at least 2 people for each class."
        )


def _say_skipped(root: Path, skipped: Iterable[Skipped]) -> None:
    items = list(skipped)
    say(f"{len(items)} not used:")
    for item in items[:NAMED]:
        say(f"  {item.path.relative_to(root)}: {item.reason}")
    if len(items) > NAMED:
        say(f"  and {len(items) - NAMED} more, named in the run's metrics.json")


def _say_conflicts(data: Dataset) -> None:
    """Name photos that are in two classes: a network would learn both answers to them."""
    pairs = data.conflicts()
    if not pairs:
        return
    say("Note: the same photo, byte for byte, in two classes, of which one has to be wrong:")
    for one, another in pairs[:NAMED]:
        say(f"  {one.path.relative_to(data.root)} and {another.path.relative_to(data.root)}")
    if len(pairs) > NAMED:
        say(f"  and {len(pairs) - NAMED} more")
    say(f"  python -m training check {quoted(data.root)} lists these, and copies that are not as exact.")
