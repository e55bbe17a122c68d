"""`python -m training prune`: a bundle becomes one with fewer channels."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from training.bundling import Target
from training.console import say
from training.errors import TrainingError
from training.gate import Refused
from training.pruning.pipeline import thin_out
from training.rewriting import read_material, read_source

HELP: Final = (
    "Write a bundle again without the channels that its photos do not need: fewer multiply-adds for the same "
    "answers. Exit code 1, and nothing written, if accuracy falls by more than half a point or more than 2 % "
    "of the validation photos get another answer."
)
PHOTOS: Final = 400
RESIDUAL: Final = 0.005


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument("model", type=Path, help="a float32 model.onnx, a bundle's folder or models/<name>")
    parser.add_argument("data", type=Path, help="the photos the model was trained on, as for `training fit`")
    parser.add_argument("--to", type=Path, required=True, metavar="models/NAME/VERSION", help="a new folder")
    parser.add_argument(
        "--residual",
        type=float,
        default=RESIDUAL,
        metavar="SHARE",
        help="what each layer may lose of what it tells the next, as a share of the variance; more is faster "
        f"and errs more (default: {RESIDUAL:g})",
    )
    parser.add_argument(
        "--photos",
        type=int,
        default=PHOTOS,
        metavar="N",
        help=f"training photos that show what the layers do (default: {PHOTOS})",
    )
    parser.add_argument(
        "--card-notes",
        type=Path,
        metavar="FILE",
        help="Markdown for the model card (default: what the source's card has)",
    )
    parser.add_argument("--seed", type=int, default=1, help="which photos and places are drawn (default: 1)")


def run(options: argparse.Namespace) -> int:
    """Prune; returns 1 if the answers change too much."""
    if options.photos < 1 or not 0 < options.residual < 1:
        raise TrainingError(
            "Expected --photos from 1 and --residual between 0 and 1. "
            f"Received: {options.photos} and {options.residual}."
        )
    target = Target.parse(options.to)
    source = read_source(options.model, options.card_notes)
    material = read_material(source, options.data, options.photos, options.seed)
    try:
        metadata = thin_out(source, material, target, options.residual, options.seed)
    except Refused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _report(metadata.metrics["pruning"])
    size = (target.folder / "model.onnx").stat().st_size
    say(f"written: {options.to} ({metadata.name} {metadata.version}, {size / 1e6:.1f} MB)")
    return 0


def _report(found: Mapping[str, Any]) -> None:
    for name in ("whole", "pruned"):
        values = found[name]
        say(
            f"{name:6} {found['multiply_adds'][name] / 1e9:.2f} billion multiply-adds, "
            f"accuracy {values['accuracy']['value']:.1%}, balanced {values['balanced_accuracy']['value']:.1%}"
        )
    say(
        f"same answer for {found['same_answer']:.1%} of {found['images']} validation photos, "
        f"largest difference of a probability {found['largest_difference']:.3f}"
    )
