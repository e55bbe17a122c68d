"""Does the exported graph say what the network says? Nothing is shipped before it does."""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto

from service.networks.classifier import INPUT, OUTPUT
from service.networks.runtime import session_options
from training.errors import TrainingError
from training.graph.golden import synthetic

Probabilities = NDArray[np.float32]

IMAGES: Final = 64
BATCHES: Final = (1, 8)
TOLERANCE: Final = 1e-4
TINY: Final = 1e-12
"""Probabilities and errors are not told apart below."""


class ParityError(TrainingError):
    """The exported graph answers differently from the network."""


@dataclass(frozen=True)
class Agreement:
    """How close two sets of probabilities for the same pictures are."""

    images: int
    largest_difference: float
    same_answer: float
    """Share of the pictures with the same top class."""

    def document(self) -> dict[str, float]:
        """For the metadata of the bundle."""
        return asdict(self)


def agreement(expected: Probabilities, received: Probabilities) -> Agreement:
    """Compare probabilities `[M, C]`."""
    same = expected.argmax(axis=1) == received.argmax(axis=1)
    return Agreement(len(expected), float(np.abs(expected - received).max()), float(same.mean()))


def logit_error(expected: Probabilities, received: Probabilities) -> float:
    """Root mean square difference of the logits behind two sets of probabilities `[M, C]`."""
    difference = np.log(np.maximum(received, TINY)) - np.log(np.maximum(expected, TINY))
    # Logits are known up to a constant per picture, so that the mean means nothing.
    return float(np.sqrt(np.square(difference - difference.mean(axis=1, keepdims=True)).mean()))


def parity_images(heldout: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """64 pictures spread over the held-out ones; synthetic ones fill up where there are fewer."""
    chosen = np.unique(np.linspace(0, len(heldout) - 1, IMAGES).astype(np.int64))
    missing = IMAGES - len(chosen)
    if not missing:
        return heldout[chosen]
    return np.concatenate([heldout[chosen], synthetic(missing, heldout.shape[1], seed=1)])


def outputs_of(model: ModelProto) -> list[str]:
    """Names of a graph's outputs."""
    return [output.name for output in model.graph.output]


def open_session(model: ModelProto, threads: int = 0) -> Any:
    """A session of ONNX Runtime on the CPU for a graph in memory; 0 threads are as many as it sees fit."""
    return onnxruntime.InferenceSession(
        model.SerializeToString(), session_options(threads), providers=["CPUExecutionProvider"]
    )


def run_onnx(
    model: ModelProto, images: NDArray[np.uint8], batch: int, output: str = OUTPUT
) -> NDArray[np.float32]:
    """One output of a graph in memory, such as probabilities `[M, C]`, `batch` pictures at a time."""
    session = open_session(model)
    parts = np.split(images, range(batch, len(images), batch))
    return np.concatenate([session.run([output], {INPUT: part})[0] for part in parts])


def check_parity(model: ModelProto, images: NDArray[np.uint8], expected: Probabilities) -> Agreement:
    """Compare a graph with the network's own probabilities, at batch 1 and batch 8.

    Raises ParityError unless all top classes are the same and no probability differs by more than 1e-4.
    """
    worst = Agreement(len(images), 0.0, 1.0)
    for batch in BATCHES:
        found = agreement(expected, run_onnx(model, images, batch))
        # Written so that NaN fails.
        if not (found.same_answer == 1 and found.largest_difference <= TOLERANCE):
            raise ParityError(
                f"The ONNX graph does not agree with the network at batch {batch}: expected the same answers "
                f"within {TOLERANCE:g} on {found.images} pictures. "
                f"Received: {found.same_answer:.1%} the same, "
                f"largest difference {found.largest_difference:.2g}. Nothing was written."
            )
        worst = max(worst, found, key=lambda result: result.largest_difference)
    return worst
