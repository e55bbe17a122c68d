"""The option `--threads`, the same for every command that asks a model."""

import argparse
from typing import Final

from training.commands.whole_numbers import up_to

MOST: Final = 256
"""ONNX Runtime starts as many as it is told, even where that takes minutes."""


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--threads",
        type=up_to(MOST),
        default=0,
        metavar="N",
        help="CPU threads (0: as ONNX Runtime sees fit)",
    )
