"""`python -m training quantize`: a bundle becomes one that computes in int8."""

import argparse
from typing import Final

from service.networks.metadata import BundleMetadata
from training.bundles.rewriting import in_turn
from training.commands import rewrite
from training.console import say
from training.errors import TrainingError
from training.quantization.pipeline import quantize

HELP: Final = (
    "Write a bundle again with int8 arithmetic, three to four times as fast with VNNI. "
    "Exit code 1, and nothing written, if accuracy falls by more than half a point, more than 2 % of the "
    "validation photos get another answer, or of one class more than 2 %, and more than one photo, are no "
    "longer found."
)
PHOTOS: Final = 128
FLOAT_LAYERS: Final = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    rewrite.add_arguments(parser, PHOTOS, "training photos to calibrate on, and as many again to choose by")
    parser.add_argument(
        "--float-layers",
        type=int,
        default=FLOAT_LAYERS,
        metavar="N",
        help="so many layers may stay float32 where int8 hurts most and saves little "
        f"(default: {FLOAT_LAYERS})",
    )


def run(options: argparse.Namespace) -> int:
    """Quantize; returns 1 if the answers change too much."""
    if options.photos < 1 or options.float_layers < 0:
        raise TrainingError(
            "Expected --photos from 1 and --float-layers from 0. "
            f"Received: {options.photos} and {options.float_layers}."
        )
    return rewrite.run(
        options,
        in_turn,
        lambda source, material, target: quantize(source, material, target, options.float_layers),
        _report,
    )


def _report(metadata: BundleMetadata) -> None:
    found = metadata.metrics["quantization"]
    for name in ("float32", "int8"):
        say(f"{name:8} {rewrite.accuracies(found[name])}")
    rewrite.say_agreement(found)
    say(f"in float32: {', '.join(found['float_layers']) or 'no large layer'}")
