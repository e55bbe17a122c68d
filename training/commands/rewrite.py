"""What `prune` and `quantize` have in common on the command line: a bundle is written again, or refused."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from service.networks.metadata import BundleMetadata
from training.bundles.bundling import Target, say_written
from training.bundles.gate import Refused
from training.bundles.rewriting import Draw, Material, Source, read_material, read_source
from training.commands.outputs import check_outside
from training.commands.seeds import add_seed
from training.console import say
from training.network.calibration import doubt


def add_arguments(parser: argparse.ArgumentParser, photos: int, used: str) -> None:
    """Declare the options of both; `photos` training photos are `used` by default."""
    parser.add_argument("model", type=Path, help="a float32 model.onnx, a bundle's folder or models/<name>")
    parser.add_argument("data", type=Path, help="the photos the model was trained on, as for `training fit`")
    parser.add_argument("--to", type=Path, required=True, metavar="models/NAME/VERSION", help="a new folder")
    parser.add_argument("--photos", type=int, default=photos, metavar="N", help=f"{used} (default: {photos})")
    parser.add_argument(
        "--card-notes",
        type=Path,
        metavar="FILE",
        help="Markdown for the model card (default: what the source's card has)",
    )
    add_seed(parser, "what chance draws")


def run(
    options: argparse.Namespace,
    draw: Draw,
    write: Callable[[Source, Material, Target], BundleMetadata],
    report: Callable[[BundleMetadata], None],
) -> int:
    """Read bundle and photos, as `draw` chooses them, `write` and `report`.

    Returns 1 if the answers change too much.
    """
    target = Target.parse(options.to)
    check_outside(options, "to")
    source = read_source(options.model, options.card_notes)
    material = read_material(source, options.data, draw, options.photos, options.seed)
    try:
        metadata = write(source, material, target)
    except Refused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    report(metadata)
    if text := doubt(metadata.temperature):
        say(f"Note: {text}")
    say_written(options.to, metadata)
    return 0


def accuracies(measured: Mapping[str, Any]) -> str:
    """Both accuracies of one of the two graphs."""
    accuracy, balanced = (measured[name]["value"] for name in ("accuracy", "balanced_accuracy"))
    return f"accuracy {accuracy:.1%}, balanced {balanced:.1%}"


def say_agreement(found: Mapping[str, Any]) -> None:
    """How far the answers of both graphs agree."""
    say(
        f"same answer for {found['same_answer']:.1%} of {found['images']} validation photos, "
        f"largest difference of a probability {found['largest_difference']:.3f}"
    )
