"""A bundle opened up: the same answers as the service gives, and every step on the way to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from service.networks.classifier import INPUT, OUTPUT
from service.networks.metadata import BundleMetadata
from service.pictures.geometry import RGB
from training.errors import TrainingError
from training.graph.parity import open_session
from training.look.network import Graph, Step
from training.measuring.prediction import model_file, open_model

Values = NDArray[np.float32]
Classify = Callable[[Values], Values]

SMALLEST: Final = 1e-6
"""Probabilities closer to 0 or 1 are not told apart."""


@dataclass(frozen=True)
class Layer:
    """A step and what it makes of one picture."""

    step: Step
    values: Values
    """`[C, H, W]` of a convolution or pooling, `[C]` of the others."""

    @property
    def is_map(self) -> bool:
        """Whether the values still have a place in the picture."""
        return self.values.ndim == 3 and self.step.kind in ("conv", "pool")


class Inside:
    """A model whose steps can be looked at; raises TrainingError where it is none."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        self.classifier = open_model(path, threads)
        self._graph = Graph.load(model_file(path))
        self._steps = self._graph.steps()
        self._threads = threads
        # In order, and every tensor once.
        self._tensors = list(dict.fromkeys(step.output for step in self._steps))
        self._session = self._open(self._graph.showing(self._tensors))

    @property
    def metadata(self) -> BundleMetadata:
        """What the model says about itself."""
        return self.classifier.metadata

    def layers(self, picture: RGB) -> list[Layer]:
        """Every step's values for one picture of the input size."""
        arrays = dict(
            zip(self._tensors, self._session.run(self._tensors, {INPUT: picture[None]}), strict=True)
        )
        layers: list[Layer] = []
        # Sorting is stable: only what is computed side by side changes its place.
        heads = any("head" in step.group for step in self._steps)
        for step in sorted(self._steps, key=lambda one: _place(one, heads)):
            layer = Layer(step, np.squeeze(arrays[step.output][0].astype(np.float32)))
            if step.kind in ("conv", "pool"):
                layer = Layer(step, arrays[step.output][0].astype(np.float32))
            if not layers or _narrows(layer, layers[-1]):
                layers.append(layer)
        return layers

    def output(self, name: str, picture: RGB) -> Values:
        """One of the model's own further outputs for one picture, without the batch."""
        values: Values = self._session.run([name], {INPUT: picture[None]})[0][0]
        return values

    def tail(self, layers: Sequence[Layer]) -> tuple[Layer, Classify]:
        """The last layer with places that everything behind depends on, and how it is classified.

        Raises TrainingError where the answer does not depend on one such layer alone.
        """
        for layer in reversed([layer for layer in layers if layer.is_map]):
            graph = self._graph.tail(layer.step.output)
            if graph is not None:
                return layer, self._classifier_of(graph, layer.step.output)
        raise TrainingError(
            "Expected a network with one last map. Received: one with several ways around it."
        )

    def _classifier_of(self, graph: ModelProto, start: str) -> Classify:
        session = self._open(graph)

        def classify(values: Values) -> Values:
            answer: Values = session.run([OUTPUT], {start: values})[0]
            return answer

        return classify

    def _open(self, model: ModelProto) -> Any:
        return open_session(model, self._threads)


def log_odds(probabilities: Values) -> NDArray[np.float64]:
    """How strongly probabilities speak: 0 for 50 %, the same step for 90 to 99 % as for 1 to 10 %."""
    clipped = np.clip(probabilities.astype(np.float64), SMALLEST, 1 - SMALLEST)
    return np.log(clipped) - np.log1p(-clipped)


def _place(step: Step, heads: bool) -> tuple[str, int, str]:
    """The base comes first, then each head, then further networks in the same way, then what joins them."""
    run, _, group = step.group.rpartition("_")
    if group.startswith("head"):
        return run, 1, group
    joins = step.kind == "softmax" or (heads and step.kind == "average" and not step.group)
    return ("~", 0, "") if joins else (run, 0, "")


def _narrows(layer: Layer, before: Layer) -> bool:
    """Whether a step is one for people: reshaping and averaging also serve as mere book-keeping."""
    count, last = prod(layer.values.shape), prod(before.values.shape)
    if layer.step.kind == "row":
        return before.values.ndim == 3 and layer.values.ndim == 1 and count == last
    return layer.step.kind != "average" or (layer.values.ndim <= 1 and count < last)
