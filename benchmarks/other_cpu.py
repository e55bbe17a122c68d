"""Does a model give the same answers on a CPU without AVX-512 and VNNI? Needs Debian's `qemu-user`.

    python -m benchmarks.other_cpu models/eye-shape/3
    python -m benchmarks.other_cpu models/eye-shape/3 --cpu Nehalem --pictures 8

ONNX Runtime chooses its kernels by what the CPU says it can do, so that a process under `qemu-x86_64 -cpu
Haswell` computes with the AVX2 kernels, and saturates where a Haswell would. It takes minutes: every
instruction is emulated.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.networks.classifier import Classifier
from service.networks.runtime import Runtime
from service.pictures.regions import read_whole
from training.graph.golden import synthetic
from training.measuring.prediction import model_file

EMULATOR: Final = "qemu-x86_64"
TOLERANCE: Final = 0.01
"""Largest difference of a probability: float32 sums in another order may tip single int8 levels."""


def main() -> int:
    """Compare the answers here with those of an emulated CPU; 1 if they differ."""
    options = _options()
    file = model_file(options.model)
    classifier = Classifier(file, Runtime(1))
    pictures = _pictures(file, classifier.input_size, options.pictures)
    here = classifier.probabilities(pictures)
    if options.here:
        sys.stdout.write(json.dumps(here.tolist()))
        return 0
    there = _ask_emulated(options, file)
    differences = np.abs(here - there).max(axis=1)
    same = here.argmax(axis=1) == there.argmax(axis=1)
    sys.stdout.write(
        f"{file}: {len(here)} pictures, natively and on {options.cpu}: the same answer for "
        f"{same.mean():.1%}, largest difference of a probability {differences.max():.2g}, "
        f"median {np.median(differences):.2g}\n"
    )
    return 0 if same.all() and differences.max() <= TOLERANCE else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path, help="a model.onnx or a bundle's folder")
    parser.add_argument("--cpu", default="Haswell", help=f"see `{EMULATOR} -cpu help` (default: Haswell)")
    parser.add_argument("--pictures", type=int, default=4, help="made-up pictures beside the golden ones")
    parser.add_argument("--here", action="store_true", help="only answer, as JSON, on this CPU")
    return parser.parse_args()


def _pictures(file: Path, size: int, made_up: int) -> NDArray[np.uint8]:
    """The bundle's golden pictures, soft clouds, and noise fine and coarse, which excites every channel."""
    golden = [read_whole(path.read_bytes(), size) for path in sorted((file.parent / "golden").glob("*.png"))]
    noise = np.random.default_rng(2).integers(0, 256, (1, size, size, 3), dtype=np.uint8)
    stripes = np.asarray(Image.fromarray(noise[0, :8, :8]).resize((size, size), Image.Resampling.NEAREST))
    return np.stack([*golden, *synthetic(made_up, size, seed=3), noise[0], stripes])


def _ask_emulated(options: argparse.Namespace, file: Path) -> NDArray[np.float32]:
    emulator = shutil.which(EMULATOR)
    if emulator is None:
        sys.exit(f"Expected {EMULATOR} (apt-get install qemu-user). Received: no such program.")
    python = [sys.executable, "-m", "benchmarks.other_cpu", str(file), "--here"]
    command = [emulator, "-cpu", options.cpu, *python, "--pictures", str(options.pictures)]
    # The emulator warns on standard error about features that it leaves out.
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return np.array(json.loads(done.stdout), dtype=np.float32)


if __name__ == "__main__":
    sys.exit(main())
