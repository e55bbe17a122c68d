"""The steps of a network, found in its ONNX graph alone: whatever made the file, and however it is stored."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final, Literal

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import ModelProto, NodeProto, TensorProto, helper

from service.networks.classifier import INPUT, OUTPUT
from training.errors import TrainingError
from training.graph.nodes import fields_of, needed, users_of

Kind = Literal["conv", "pool", "average", "row", "dense", "softmax"]

KINDS: Final[dict[str, Kind]] = {
    "Conv": "conv",
    "MaxPool": "pool",
    "AveragePool": "pool",
    "GlobalAveragePool": "average",
    "GlobalMaxPool": "average",
    "ReduceMean": "average",
    "Flatten": "row",
    "Reshape": "row",
    "MatMul": "dense",
    "Gemm": "dense",
    "Softmax": "softmax",
}
ACTIVATIONS: Final = {"Relu", "LeakyRelu", "Elu", "Clip", "Sigmoid", "Tanh", "HardSwish", "Gelu"}
LEVELS: Final = {"QuantizeLinear", "DequantizeLinear"}
"""Between the layers of an int8 network; their scales are no weights."""
GROUP: Final = re.compile(r"(run\d+_)?(block\d+|head\d+|heads(?=_))|run\d+_")
RUN: Final = re.compile(r"run([2-9]|\d{2,})")
"""The scope of a network that is averaged with the first one; what they share belongs to the first."""


@dataclass(frozen=True)
class Step:
    """One step on the way from the picture to the answer."""

    name: str
    """As the layer was called when it was trained: `block1_conv1`."""
    kind: Kind
    group: str
    """`block1`, `head2`, `heads` computed as one, `run2_block3` of a further network; else empty."""
    output: str
    """The tensor that the next step gets: behind the activation function."""
    weights: int
    window: tuple[int, ...]
    """Height and width of what a convolution or a pooling looks at; empty for other steps."""
    lanes: int = 1
    """How many sets of maps a convolution keeps apart, as those of heads that are computed as one."""


class Graph:
    """What depends on what in a model."""

    def __init__(self, model: ModelProto) -> None:
        self.model = model
        self._makers = {name: node for node in model.graph.node for name in node.output}
        self._sizes = {tensor.name: prod(tensor.dims) for tensor in model.graph.initializer}
        self._users = users_of(model)
        self._varying = {INPUT}
        for node in model.graph.node:
            if self._varying.intersection(node.input):
                self._varying.update(node.output)

    @classmethod
    def load(cls, path: Path) -> "Graph":
        """Read a `model.onnx`; raises TrainingError."""
        try:
            return cls(onnx.load(path))
        except (OSError, DecodeError) as error:
            raise TrainingError(f"Expected an ONNX file at {path}. It cannot be read: {error}") from None

    def steps(self) -> list[Step]:
        """The steps that the probabilities depend on, in order; a `row` or `average` may turn out to be none.

        Raises TrainingError for a graph without layers that could be shown.
        """
        found = [self._step(node, KINDS[node.op_type]) for node in self._layers()]
        if not any(step.kind in ("conv", "pool") for step in found):
            raise TrainingError(
                "Expected a network with convolution or pooling layers. Received: a graph without any; "
                "there is nothing to look into."
            )
        return found

    def _layers(self) -> Iterator[NodeProto]:
        for node in self.needed(OUTPUT):
            if node.op_type not in KINDS or node.input[0] not in self._varying:
                continue
            products = node.op_type in ("Conv", "MatMul", "Gemm")
            if not products or node.input[1] not in self._varying:
                yield node

    def needed(self, output: str, given: str = INPUT) -> list[NodeProto]:
        """The nodes that compute `output` from `given` and from constants, in order."""
        return needed(self.model, [output], given)

    def tail(self, start: str) -> ModelProto | None:
        """The model from the tensor `start` to the probabilities; None where they need more than that."""
        nodes = self.needed(OUTPUT, start)
        used = {name for node in nodes for name in node.input}
        if INPUT in used or start not in used:
            return None
        value = helper.make_tensor_value_info(start, TensorProto.FLOAT, None)
        output = next(value for value in self.model.graph.output if value.name == OUTPUT)
        constants = [tensor for tensor in self.model.graph.initializer if tensor.name in used]
        graph = helper.make_graph(nodes, "tail", [value], [output], constants)
        return helper.make_model(
            graph, opset_imports=self.model.opset_import, ir_version=self.model.ir_version
        )

    def showing(self, tensors: list[str]) -> ModelProto:
        """A copy of the model that gives these tensors too."""
        copy = ModelProto()
        copy.CopyFrom(self.model)
        known = {value.name for value in copy.graph.output}
        # Without a type: ONNX Runtime infers it.
        copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in tensors if name not in known)
        return copy

    def _step(self, node: NodeProto, kind: Kind) -> Step:
        fields = fields_of(node)
        window, lanes = tuple(fields.get("kernel_shape", ())), fields.get("group", 1)
        output, extras = node.output[0], list(node.input[1:])
        if kind in ("conv", "dense"):
            output, more = self._follow(output)
            extras += more
        weights = sum(self._size(name) for name in extras) if kind in ("conv", "dense") else 0
        # The converter gives a convolution that swallowed its normalization a name of its own making; the
        # activation behind it still tells the layer.
        name = _layer_name(node.name) or _layer_name(output) or kind
        group = GROUP.match(name)
        return Step(name, kind, group.group() if group else "", output, weights, window, lanes)

    def _follow(self, tensor: str) -> tuple[str, list[str]]:
        """The tensor behind bias, normalization and activation, and the constants on the way."""
        constants: list[str] = []
        shown = tensor
        while len(users := self._users[tensor]) == 1:
            node = users[0]
            others = [name for name in node.input if name != tensor]
            if node.op_type in ACTIVATIONS:
                return node.output[0], constants
            if node.op_type not in LEVELS | {"Add", "BatchNormalization"} or self._varying.intersection(
                others
            ):
                break
            tensor = node.output[0]
            if node.op_type not in LEVELS:
                constants += others
            if node.op_type != "QuantizeLinear":
                shown = tensor
        return shown, constants

    def _size(self, constant: str) -> int:
        """Number of values of a constant, stored as it is or as what nodes restore it from."""
        while constant not in self._sizes and constant in self._makers:
            node = self._makers[constant]
            if not node.input:
                return int(prod(node.attribute[0].t.dims))
            constant = node.input[0]
        return int(self._sizes.get(constant, 0))


def _layer_name(node: str) -> str:
    """`classifier_1/block1_conv1_1/BiasAdd` is a node of the layer `block1_conv1`."""
    parts = [part for part in node.split("/")[:-1] if part]
    # A convolution that has swallowed its normalization goes by a name inside of that.
    named = [part for part in parts if GROUP.match(part)] or parts
    run = next((f"{part}_" for part in parts if RUN.fullmatch(part)), "")
    return run + re.sub(r"(_norm|_relu)?(_\d+)?$", "", named[-1]) if named else ""
