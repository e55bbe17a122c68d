"""The option `--seed`, the same for every command that leaves something to chance."""

import argparse

from training.hyperparameters import LARGEST_SEED


def add_seed(parser: argparse.ArgumentParser, text: str) -> None:
    """Declare the option; `text` says what it decides."""
    parser.add_argument("--seed", type=_seed, default=1, metavar="N", help=f"{text} (default: 1)")


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) > LARGEST_SEED:
        raise argparse.ArgumentTypeError(
            f"expected a whole number from 0 to {LARGEST_SEED}. Received: {text}."
        )
    return int(text)
