"""VGG16 itself with fewer channels, before anything is trained on it.

A base that only ever sees pictures of one kind can lose most of its arithmetic: what is trained on it learns
to do without. The same channels, taken from a finished network, would change its answers.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

from service.networks.classifier import INPUT
from training.graph.conversion import OPSET
from training.graph.cost import describe
from training.network.backbone import MEAN_RGB, other_colours
from training.network.weight_files import BLOCKS, Weights
from training.pruning.graphs import Cut, prune


def thin(
    weights: Weights,
    until: str,
    images: NDArray[np.uint8],
    residual: float,
    seed: int,
    told: Callable[[Cut], None],
) -> Weights:
    """VGG16 without the channels that pictures `[M, S, S, 3]` do not need, up to the block `until`.

    Each convolution may lose the share `residual` of the variance of what it tells the next, which learns to
    make up for it. The last one of the block keeps all its channels, and what is behind it stays as it is.
    """
    pruned, _ = prune(_graph(weights, until, images.shape[1]), images, residual, seed, told)
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in pruned.graph.initializer}
    thinned = dict(weights)
    for node in pruned.graph.node:
        if node.op_type == "Conv":
            kernel, bias = (arrays[name] for name in node.input[1:])
            thinned[f"{node.name}/kernel"] = other_colours(node.name, kernel.transpose(2, 3, 1, 0))
            thinned[f"{node.name}/bias"] = bias
    return thinned


def multiply_adds(weights: Weights, until: str, size: int) -> int:
    """What VGG16 up to the block `until` costs for one picture of `size` pixels a side."""
    return describe(_graph(weights, until, size)).multiply_adds


def _graph(weights: Weights, until: str, size: int) -> ModelProto:
    """Pictures, uint8 `[N, S, S, 3]`, to the last map of the block `until`."""
    nodes, constants = [], []

    def add(kind: str, inputs: list[str], name: str, **attributes: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(values: NDArray[np.float32], name: str) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    x = add("Cast", [INPUT], "pictures", to=TensorProto.FLOAT)
    x = add("Sub", [x, constant(np.array(MEAN_RGB, np.float32), "mean")], "subtract_mean")
    x = add("Transpose", [x], "channels_first", perm=[0, 3, 1, 2])
    for block, (_, convolutions) in enumerate(BLOCKS[: int(until[-1])], 1):
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            kernel = other_colours(name, weights[f"{name}/kernel"]).transpose(3, 2, 0, 1)
            inputs = [
                x,
                constant(kernel, f"{name}/kernel"),
                constant(weights[f"{name}/bias"], f"{name}/bias"),
            ]
            x = add("Conv", inputs, name, kernel_shape=[3, 3], pads=[1] * 4)
            x = add("Relu", [x], f"{name}_relu")
        x = add("MaxPool", [x], f"block{block}_pool", kernel_shape=[2, 2], strides=[2, 2])
    side = size >> block
    graph = helper.make_graph(
        nodes,
        "vgg16",
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["N", size, size, 3])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", len(kernel), side, side])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 8
    checker.check_model(model)
    return model
