"""What a model's file says an answer costs, read without loading the network."""

import json
from pathlib import Path
from typing import Final

from service.networks.onnx_file import METADATA_KEY, properties

LIGHT: Final = 1_000_000_000
"""Multiply-adds of a picture up to which a network is light: two inferences side by side get more done than
two threads on one. Of 0.4 billion one thread takes 7.3 ms and two 5.6, of 1.8 billion 26 and 18."""


def is_light(path: Path) -> bool:
    """Whether a file says that its network is; it may say nothing, or be none."""
    try:
        network = json.loads(properties(path)[METADATA_KEY]).get("network") or {}
        return 0 < int(network.get("multiply_adds", 0)) <= LIGHT
    except (OSError, ValueError, KeyError, AttributeError, TypeError, OverflowError, RecursionError):
        return False  # what is wrong with the file is for its session to say
