"""The option `--threads`, the same for every command that asks a model."""

import argparse
from typing import Final

MOST: Final = 256
"""ONNX Runtime starts as many as it is told, even where that takes minutes."""


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--threads", type=_threads, default=0, metavar="N", help="CPU threads (0: as ONNX Runtime sees fit)"
    )


def _threads(text: str) -> int:
    if not text.isdecimal() or int(text) > MOST:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to {MOST}. Received: {text}.")
    return int(text)
