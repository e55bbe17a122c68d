"""Smaller weights in the same graph: what a bundle stores, not what it computes with.

Large float32 weights are stored as float16, or as int8 with one scale per output channel, and turned back
into float32 by nodes of the graph. With int8 only the layers that make the file large are; the others stay
float16, which costs 1.7 MB of the eye-shape model's 20 and halved the largest error (0.051 to 0.028).

ONNX Runtime folds these nodes when it loads the file, so that inference is as fast as with float32.
`DequantizeLinear` would say the same as Cast and Mul, but ONNX Runtime keeps it in the graph and pays for it
in every call.
"""

from collections.abc import Collection, Mapping
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from training.graph.nodes import fields_of

Storage = Literal["float32", "float16", "int8"]

TOLERANCE: Final[dict[Storage, float]] = {"float32": 1e-4, "float16": 0.01, "int8": 0.1}
"""Largest change of a probability that each form of storage may cost."""
SMALLEST: Final = 1024
"""Tensors with fewer values stay float32: they save nothing, and biases and means stay exact."""
INT8_FROM: Final = 1_000_000
"""Tensors with at least as many values may become int8."""


def store(model: ModelProto, storage: Storage, int8_from: int = INT8_FROM) -> ModelProto:
    """A copy of a model whose large weights are stored as `storage`; its inputs and outputs stay the same.

    With `int8` tensors of fewer than `int8_from` values become float16.
    """
    copy = ModelProto()
    copy.CopyFrom(model)
    if storage == "float32":
        return copy
    exact = _scales(copy)
    weights = [tensor for tensor in copy.graph.initializer if _is_large(tensor) and tensor.name not in exact]
    restoring: list[NodeProto] = []
    for tensor in weights:
        values = numpy_helper.to_array(tensor)
        if storage == "float16" or values.size < int8_from:
            small, nodes = _as_float16(tensor.name, values)
        else:
            small, nodes = _as_int8(tensor.name, values, output_axis(copy, tensor.name))
        copy.graph.initializer.remove(tensor)
        copy.graph.initializer.extend(small)
        restoring += nodes
    nodes_after = list(copy.graph.node)
    del copy.graph.node[:]
    copy.graph.node.extend([*restoring, *nodes_after])
    return copy


def restore(model: ModelProto) -> ModelProto:
    """A copy of a model whose stored weights are plain float32 tensors again, without the nodes for it."""
    copy = ModelProto()
    copy.CopyFrom(model)
    constants = {tensor.name: tensor for tensor in copy.graph.initializer}
    restored: set[str] = set()
    for node in model.graph.node:
        weights = _restored(node, constants, restored)
        if weights is not None:
            restored.add(node.output[0])
            constants[node.output[0]] = numpy_helper.from_array(weights, node.output[0])
            copy.graph.node.remove(node)
    used = {name for node in copy.graph.node for name in node.input}
    del copy.graph.initializer[:]
    copy.graph.initializer.extend(tensor for name, tensor in constants.items() if name in used)
    return copy


def _restored(
    node: NodeProto, constants: Mapping[str, TensorProto], restored: Collection[str]
) -> NDArray[np.float32] | None:
    """The value of a node that `store` put in; None for any other node."""
    first = constants.get(node.input[0]) if node.input else None
    if node.op_type == "Cast" and first is not None:
        if first.data_type in (TensorProto.FLOAT16, TensorProto.INT8):
            values: NDArray[np.float32] = numpy_helper.to_array(first).astype(np.float32)
            return values
    elif node.op_type == "Mul" and first is not None and node.input[0] in restored:
        levels, scale = (numpy_helper.to_array(constants[name]) for name in node.input)
        product: NDArray[np.float32] = levels * scale
        return product
    return None


def output_axis(model: ModelProto, name: str) -> int:
    """The axis of a weight's output channels: 0 for convolutions and transposed Gemm, else the last one."""
    for node in model.graph.node:
        if name in node.input:
            if node.op_type == "Conv" or (node.op_type == "Gemm" and fields_of(node).get("transB", 0)):
                return 0
    return -1 + len(next(tensor.dims for tensor in model.graph.initializer if tensor.name == name))


def _scales(model: ModelProto) -> set[str]:
    """Tensors that say what int8 levels stand for: rounding them would round everything behind them."""
    kinds = ("QuantizeLinear", "DequantizeLinear")
    return {name for node in model.graph.node if node.op_type in kinds for name in node.input[1:]}


def _is_large(tensor: TensorProto) -> bool:
    return tensor.data_type == TensorProto.FLOAT and int(np.prod(tensor.dims)) >= SMALLEST


def _as_float16(name: str, values: NDArray[np.float32]) -> tuple[list[TensorProto], list[NodeProto]]:
    limit = np.finfo(np.float16).max
    half = np.clip(values, -limit, limit).astype(np.float16)
    stored = f"{name}/float16"
    cast = helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT)
    return [numpy_helper.from_array(half, stored)], [cast]


def _as_int8(name: str, values: NDArray[np.float32], axis: int) -> tuple[list[TensorProto], list[NodeProto]]:
    others = tuple(number for number in range(values.ndim) if number != axis)
    peak = np.abs(values).max(axis=others, keepdims=True)
    scale = np.where(peak > 0, peak / 127, 1).astype(np.float32)
    levels = np.clip(np.rint(values / scale), -127, 127).astype(np.int8)
    stored, scales, cast = f"{name}/int8", f"{name}/scale", f"{name}/levels"
    tensors = [numpy_helper.from_array(levels, stored), numpy_helper.from_array(scale, scales)]
    nodes = [
        helper.make_node("Cast", [stored], [cast], to=TensorProto.FLOAT),
        helper.make_node("Mul", [cast, scales], [name]),
    ]
    return tensors, nodes
