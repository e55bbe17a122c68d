"""What `thin` and `prune` have in common on the command line: how much may go, and by how many photos."""

import argparse

from training.errors import TrainingError


def add_residual(parser: argparse.ArgumentParser, default: float) -> None:
    """Declare what each layer may lose."""
    parser.add_argument(
        "--residual",
        type=float,
        default=default,
        metavar="SHARE",
        help="what each layer may lose of what it tells the next, as a share of the variance; more is faster "
        f"and errs more (default: {default:g})",
    )


def check(options: argparse.Namespace) -> None:
    """Raises TrainingError for options out of range."""
    if options.photos < 1 or not 0 < options.residual < 1:
        raise TrainingError(
            "Expected --photos from 1 and --residual between 0 and 1. "
            f"Received: {options.photos} and {options.residual}."
        )
