"""The option `--seed`, the same for every command that leaves something to chance."""

import argparse

from training.commands.whole_numbers import up_to
from training.hyperparameters import LARGEST_SEED


def add_seed(parser: argparse.ArgumentParser, text: str) -> None:
    """Declare the option; `text` says what it decides."""
    parser.add_argument(
        "--seed", type=up_to(LARGEST_SEED), default=1, metavar="N", help=f"{text} (default: 1)"
    )
