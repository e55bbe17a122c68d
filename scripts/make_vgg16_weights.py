"""Make `models/vgg16-imagenet/weights.npz` from any VGG16 in Keras' layout (`.onnx`, `.h5`, `.keras`).

    python -m scripts.make_vgg16_weights SOURCE [--to models/vgg16-imagenet/weights.npz]

`tests/training/network/test_backbone.py` checks the result against figures published for the ImageNet
weights.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from training.console import say
from training.errors import TrainingError
from training.network.backbone import REPOSITORY_COPY
from training.network.weight_files import read_weights, write_npz


def main(argv: list[str] | None = None) -> int:
    """Convert one file; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path, help="a VGG16 whose convolutions are the ImageNet weights")
    parser.add_argument("--to", type=Path, default=REPOSITORY_COPY, help="the NPZ file to write")
    options = parser.parse_args(argv)
    try:
        weights = read_weights(options.source)
    except TrainingError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2
    write_npz(weights, options.to)
    digest = hashlib.sha256(options.to.read_bytes()).hexdigest()
    say(f"{options.to}: {options.to.stat().st_size:,} bytes, sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
