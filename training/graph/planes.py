"""The order of the axes in a graph: colours and channels are planes, from the start to the head."""

from typing import Final

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper

from service.networks.classifier import INPUT
from training.graph.nodes import fields_of, users_of

ORDER: Final = (0, 3, 1, 2)
"""From a picture's axes `[N, S, S, 3]` to the planes `[N, 3, S, S]` that ONNX' convolutions take."""
EACH_ALONE: Final = ("Cast", "Add", "Sub", "Mul", "Div")
"""Operations that do the same in any order of the axes."""


def turn_first(model: ModelProto) -> None:
    """Turn the picture's axes at once where the converter does it behind the first sums, such as the mean's.

    Then bytes are turned instead of floats, and the mean of a colour is taken from a whole plane instead of
    from every third value; the answers stay the same. The means are planes too, which ONNX Runtime makes when
    it loads the graph: its own order of the axes is `[N, S, S, 3]` again, where a sum with three values takes
    ten times as long as one with a plane. A graph that does not begin like this is left alone.
    """
    graph = model.graph
    chain, behind = _beginning(model)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    along = {INPUT, *(node.output[0] for node in chain)}
    others = sorted({name for node in chain for name in node.input} - along)
    known = all(name in constants and constants[name].ndim <= 1 for name in others)
    if not (chain and known and behind is not None and _turns(behind)):
        return
    chain[-1].output[0], behind.output[0] = behind.output[0], f"{INPUT}/planes"
    behind.name, behind.input[0] = "planes", INPUT
    colours = {name: f"{name}/planes" for name in others if constants[name].ndim == 1}
    side = next(value for value in graph.input if value.name == INPUT).type.tensor_type.shape.dim[1].dim_value
    for name, planes in colours.items():
        column, shape = f"{planes}/column", f"{planes}/shape"
        graph.initializer.append(numpy_helper.from_array(constants[name].reshape(-1, 1, 1), column))
        graph.initializer.append(numpy_helper.from_array(np.array([1, side, side], np.int64), shape))
        graph.node.insert(0, helper.make_node("Expand", [column, shape], [planes], name="mean_planes"))
    renamed = {INPUT: behind.output[0], **colours}
    for node in chain:
        node.input[:] = [renamed.get(name, name) for name in node.input]


def cancel_turns(model: ModelProto) -> None:
    """Let nodes behind two turns of the axes that undo each other take what was there before.

    The converter leaves such a pair where something else looks at the turned map. Then the first turn stays.
    """
    makers = {node.output[0]: node for node in model.graph.node if node.op_type == "Transpose"}
    before = {
        name: makers[node.input[0]].input[0]
        for name, node in makers.items()
        if node.input[0] in makers and _undoes(node, makers[node.input[0]])
    }
    for node in model.graph.node:
        node.input[:] = [before.get(name, name) for name in node.input]


def _undoes(second: NodeProto, first: NodeProto) -> bool:
    axes, again = (tuple(fields_of(node)["perm"]) for node in (first, second))
    return tuple(axes[axis] for axis in again) == tuple(range(len(axes)))


def _beginning(model: ModelProto) -> tuple[list[NodeProto], NodeProto | None]:
    """The nodes that treat each value of the picture alone, and the only one behind them."""
    users = users_of(model)
    chain: list[NodeProto] = []
    following = users[INPUT]
    while len(following) == 1 and following[0].op_type in EACH_ALONE:
        chain.append(following[0])
        following = users[chain[-1].output[0]]
    return chain, following[0] if len(following) == 1 else None


def _turns(node: NodeProto) -> bool:
    return node.op_type == "Transpose" and tuple(fields_of(node)["perm"]) == ORDER
