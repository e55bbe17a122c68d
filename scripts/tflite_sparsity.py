"""Dense weights for TensorFlow Lite files that store them sparsely, which tf2onnx cannot read."""

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray


def densified(model: bytes) -> bytes:
    """The same TensorFlow Lite model with its sparse tensors in full; raises ValueError for blocks."""
    import flatbuffers  # type: ignore[import-untyped]
    from tensorflow.lite.python import schema_py_generated as schema

    network = schema.ModelT.InitFromPackedBuf(model, 0)
    for graph in network.subgraphs:
        for tensor in graph.tensors:
            if tensor.sparsity is not None:
                _densify(network, tensor)
        _drop_densify_nodes(network, graph, schema.BuiltinOperator.DENSIFY)
    builder = flatbuffers.Builder(len(model) * 4)
    builder.Finish(network.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _densify(network: Any, tensor: Any) -> None:
    sparsity = tensor.sparsity
    if sparsity.blockMap is not None and len(sparsity.blockMap):
        raise ValueError("Expected element-wise sparse tensors. Received: a block-sparse one.")
    item = {0: np.float32, 1: np.float16}[tensor.type]
    values = np.frombuffer(bytes(network.buffers[tensor.buffer].data), dtype=item)
    dense = np.zeros(tuple(tensor.shape), dtype=item)
    order = list(sparsity.traversalOrder)
    for index, value in zip(_indices(sparsity.dimMetadata), values, strict=True):
        dense[tuple(index[order.index(axis)] for axis in range(dense.ndim))] = value
    network.buffers[tensor.buffer].data = np.frombuffer(dense.tobytes(), dtype=np.uint8)
    tensor.sparsity = None


def _indices(dimensions: Any) -> list[tuple[int, ...]]:
    """The index of every stored value, level by level: a level is full, or lists its members per parent."""
    found: list[tuple[int, ...]] = [()]
    for level in dimensions:
        if level.format == 0:
            found = [(*parent, i) for parent, i in itertools.product(found, range(level.denseSize))]
            continue
        segments: NDArray[np.int64] = np.asarray(level.arraySegments.values, dtype=np.int64)
        members: NDArray[np.int64] = np.asarray(level.arrayIndices.values, dtype=np.int64)
        found = [
            (*parent, int(i))
            for number, parent in enumerate(found)
            for i in members[segments[number] : segments[number + 1]]
        ]
    return found


def _drop_densify_nodes(network: Any, graph: Any, code: int) -> None:
    source: dict[int, int] = {}
    kept = []
    for operator in graph.operators:
        kind = network.operatorCodes[operator.opcodeIndex]
        if max(kind.builtinCode, kind.deprecatedBuiltinCode) == code:
            source[int(operator.outputs[0])] = int(operator.inputs[0])
        else:
            kept.append(operator)
    for operator in kept:
        operator.inputs = [source.get(int(i), int(i)) for i in operator.inputs]
    graph.operators = kept
