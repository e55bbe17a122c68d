"""Which calibration, and which layers stay float: by measurement on training photos.

The measure is the root mean square difference of the logits on photos that the calibration did not see. It
moves with every layer, where the share of equal answers hardly moves at all on photos that the network knows
by heart.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from training.graph.cost import Layer
from training.graph.parity import TINY, logit_error, run_onnx
from training.quantization.graphs import FloatGraph
from training.quantization.ranges import METHODS, Observed, observe

WORTH: Final = 0.1
"""A layer stays float if that takes away at least this share of the squared error."""
PRICE: Final = 4
"""And at least so many times its share of the multiply-adds, which take about four times as long in float."""
AFFORDABLE: Final = 0.1
"""Layers with a larger share of the multiply-adds are not looked at: float would cost what int8 gains."""
BATCH: Final = 8

Say = Callable[[str], None]


@dataclass(frozen=True)
class Choice:
    """The best quantized graph, and how it was found."""

    model: ModelProto
    method: str
    errors: dict[str, float]
    """Error of each calibration method with all layers int8."""
    gains: dict[str, float]
    """By layer: the share of the squared error that goes if this layer alone stays float."""
    keep: tuple[str, ...]
    """Layers that stay float because of it."""
    error: float

    def document(self) -> dict[str, object]:
        """For the metadata of the bundle."""
        return {
            "calibration": self.method,
            "errors": {name: round(error, 5) for name, error in self.errors.items()},
            "gains": {name: round(gain, 4) for name, gain in self.gains.items()},
            "float_layers": list(self.keep),
            "error": round(self.error, 5),
        }


def search(graph: FloatGraph, tuning: NDArray[np.uint8], most_float: int, say: Say) -> Choice:
    """Try every calibration, then every affordable layer in float; at most `most_float` layers stay so."""
    expected = run_onnx(graph.model, tuning, BATCH)

    def error(observed: Observed, keep: Collection[str] = ()) -> float:
        return logit_error(expected, run_onnx(graph.quantized(observed, keep), tuning, BATCH))

    candidates = {}
    for method in METHODS:
        observed = observe(graph.model, graph.images, method)
        candidates[method] = (error(observed), observed)
        say(f"calibrated by {method}: logits differ by {candidates[method][0]:.3f}")
    method = min(candidates, key=lambda name: candidates[name][0])
    start, observed = candidates[method]
    # Photos that are told apart too easily show no error, so that no layer can be seen to take any away.
    shares = _affordable(graph.layers) if most_float and start > TINY else {}
    gains = {}
    for name, share in shares.items():
        gains[name] = 1 - (error(observed, [name]) / start) ** 2
        say(f"{name} in float: {in_words(gains[name])} squared error for {share:.1%} of the work")
    worth = [name for name, gain in gains.items() if gain >= max(WORTH, PRICE * shares[name])]
    keep = tuple(sorted(worth, key=lambda name: -gains[name])[:most_float])
    final = error(observed, keep) if keep else start
    if final > start:
        keep, final = (), start
    errors = {name: found for name, (found, _) in candidates.items()}
    return Choice(graph.quantized(observed, keep), method, errors, gains, keep, final)


def in_words(gain: float) -> str:
    """How much less there is of something of which this share goes: `12 % less`, or `12 % more`."""
    return f"{100 * abs(gain):.0f} % {'less' if gain >= 0 else 'more'}"


def _affordable(layers: list[Layer]) -> dict[str, float]:
    """Shares of the multiply-adds, by the names of the layers that could stay float."""
    total = sum(layer.multiply_adds for layer in layers)
    shares = {layer.name: layer.multiply_adds / total for layer in layers}
    return {name: share for name, share in shares.items() if share <= AFFORDABLE}
