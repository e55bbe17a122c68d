"""`python -m training prune`: a bundle becomes one with fewer channels."""

import argparse
from typing import Final

from service.networks.metadata import BundleMetadata
from training.bundles.rewriting import as_they_come
from training.commands import channels, rewrite
from training.console import say
from training.pruning.pipeline import thin_out

HELP: Final = (
    "Write a bundle again without the channels that its photos do not need: fewer multiply-adds for the same "
    "answers. Exit code 1, and nothing written, if balanced accuracy falls by more than half a point, more "
    "than 2 % of the validation photos get another answer, or of one class more than 2 %, and more than one "
    "photo, are no longer found."
)
PHOTOS: Final = 1400
RESIDUAL: Final = 0.002


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    rewrite.add_arguments(parser, PHOTOS, "training photos that show what the layers do")
    channels.add_residual(parser, RESIDUAL)


def run(options: argparse.Namespace) -> int:
    """Prune; returns 1 if the answers change too much."""
    channels.check(options)
    return rewrite.run(
        options,
        as_they_come,
        lambda source, material, target: thin_out(source, material, target, options.residual, options.seed),
        _report,
    )


def _report(metadata: BundleMetadata) -> None:
    found = metadata.metrics["pruning"]
    for name in ("whole", "pruned"):
        work = found["multiply_adds"][name] / 1e9
        say(f"{name:6} {work:.2f} billion multiply-adds, {rewrite.accuracies(found[name])}")
    rewrite.say_agreement(found)
