"""`python -m training quantize`: a bundle becomes one that computes in int8."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from training.bundling import Target
from training.console import say
from training.errors import TrainingError
from training.gate import Refused
from training.quantization.pipeline import quantize
from training.rewriting import read_material, read_source

HELP: Final = (
    "Write a bundle again with int8 arithmetic, three to four times as fast. "
    "Exit code 1, and nothing written, if accuracy falls by more than half a point or more than 2 % of the "
    "validation photos get another answer."
)
PHOTOS: Final = 128
FLOAT_LAYERS: Final = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument("model", type=Path, help="a model.onnx, a bundle's folder or models/<name>")
    parser.add_argument("data", type=Path, help="the photos the model was trained on, as for `training fit`")
    parser.add_argument("--to", type=Path, required=True, metavar="models/NAME/VERSION", help="a new folder")
    parser.add_argument(
        "--photos",
        type=int,
        default=PHOTOS,
        metavar="N",
        help=f"training photos to calibrate on, and as many again to choose by (default: {PHOTOS})",
    )
    parser.add_argument(
        "--float-layers",
        type=int,
        default=FLOAT_LAYERS,
        metavar="N",
        help="so many layers may stay float32 where int8 hurts most and saves little "
        f"(default: {FLOAT_LAYERS})",
    )
    parser.add_argument(
        "--card-notes",
        type=Path,
        metavar="FILE",
        help="Markdown for the model card (default: what the source's card has)",
    )
    parser.add_argument("--seed", type=int, default=1, help="which photos are drawn (default: 1)")


def run(options: argparse.Namespace) -> int:
    """Quantize; returns 1 if the answers change too much."""
    if options.photos < 1 or options.float_layers < 0:
        raise TrainingError(
            "Expected --photos from 1 and --float-layers from 0. "
            f"Received: {options.photos} and {options.float_layers}."
        )
    target = Target.parse(options.to)
    source = read_source(options.model, options.card_notes)
    material = read_material(source, options.data, options.photos, options.seed)
    try:
        metadata = quantize(source, material, target, options.float_layers)
    except Refused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _report(metadata.metrics["quantization"])
    size = (target.folder / "model.onnx").stat().st_size
    say(f"written: {options.to} ({metadata.name} {metadata.version}, {size / 1e6:.1f} MB)")
    return 0


def _report(found: Mapping[str, Any]) -> None:
    for name in ("float32", "int8"):
        values = found[name]
        say(
            f"{name:8} accuracy {values['accuracy']['value']:.1%}, "
            f"balanced {values['balanced_accuracy']['value']:.1%}"
        )
    say(
        f"same answer for {found['same_answer']:.1%} of {found['images']} validation photos, "
        f"largest difference of a probability {found['largest_difference']:.3f}"
    )
    say(f"in float32: {', '.join(found['float_layers']) or 'no large layer'}")
