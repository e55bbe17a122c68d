"""What one answer of a network costs: multiply-adds per layer, counted on the ONNX graph."""

import re
from dataclasses import dataclass
from math import prod
from typing import Final

import onnx
from onnx import ModelProto, NodeProto

from service.networks.classifier import EVIDENCE, TYPICALITY
from service.networks.metadata import NetworkFacts
from training.graph.nodes import fields_of, needed

KINDS: Final = ("Conv", "Gemm", "MatMul")
"""Nodes that multiply by weights."""
VGG16_LAYER: Final = re.compile(r"block[1-5]_(?:conv[1-3]|pool)")
"""The names of Keras Applications, which the exporter keeps in the names of nodes."""


@dataclass(frozen=True)
class Layer:
    """A node that multiplies by weights."""

    name: str
    kind: str
    """Conv, Gemm or MatMul."""
    inputs: str
    """Name of the tensor that the weights are multiplied with."""
    weights: str
    bias: str | None
    """None where the bias is added by a node of its own."""
    multiply_adds: int
    """Per picture."""
    groups: int = 1
    """Parts of the channels that a convolution keeps apart."""


def layers(model: ModelProto) -> list[Layer]:
    """The layers of a graph with constant weights, in order; needs shapes that can be inferred."""
    shapes = _shapes(model)
    constants = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    found = []
    for node in model.graph.node:
        if node.op_type in KINDS and node.input[1] in constants:
            bias = node.input[2] if len(node.input) > 2 and node.input[2] in constants else None
            output = shapes.get(node.output[0], ())
            multiply_adds = _multiply_adds(node, constants[node.input[1]], output)
            names = node.name, node.op_type, node.input[0], node.input[1], bias
            found.append(Layer(*names, multiply_adds, fields_of(node).get("group", 1)))
    return found


def describe(model: ModelProto) -> NetworkFacts:
    """Which network a graph is and what one picture costs; needs a graph with plain float weights."""
    shapes = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    names: list[str] = []
    channels: dict[str, int] = {}
    for node in model.graph.node:
        for name in VGG16_LAYER.findall(node.name):
            names.append(name)
            if node.op_type == "Conv" and node.input[1] in shapes:
                # Of networks that are averaged the first counts.
                channels.setdefault(name, shapes[node.input[1]][0])
    return NetworkFacts(
        base="vgg16" if names else "other",
        until=names[-1] if names else None,
        channels=tuple(channels.values()) if channels else None,
        multiply_adds=sum(layer.multiply_adds for layer in layers(model)),
        parameters=_parameters(model),
    )


def _parameters(model: ModelProto) -> int:
    """Weights and biases of the layers behind the answer, each once.

    What else is stored was not trained: what training photos are like, for the typicality, and the last
    kernel once more, in the shape in which it tells the evidence.
    """
    answer = {output.name for output in model.graph.output} - {EVIDENCE, TYPICALITY}
    sizes = {tensor.name: prod(tensor.dims) for tensor in model.graph.initializer}
    names: set[str] = set()
    products: set[str] = set()
    for node in needed(model, answer):
        if node.op_type in KINDS and node.input[1] in sizes:
            names.update(node.input[1:])
            products.update(node.output)
        elif node.op_type == "Add" and products.intersection(node.input):
            names.update(node.input)  # a bias that is added by a node of its own
    return sum(sizes.get(name, 0) for name in names)


def _multiply_adds(node: NodeProto, weights: tuple[int, ...], output: tuple[int, ...]) -> int:
    """Every value of the output but the batch's takes as many as one output channel has weights."""
    if node.op_type == "Conv":
        return prod(output[1:]) * prod(weights[1:])
    transposed = node.op_type == "Gemm" and fields_of(node).get("transB", 0)
    return prod(output[1:]) * weights[-1 if transposed else -2]


def _shapes(model: ModelProto) -> dict[str, tuple[int, ...]]:
    """Shapes by tensor name; the free batch counts as 0."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    return {
        value.name: tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
        for value in (*graph.input, *graph.value_info, *graph.output)
    }
