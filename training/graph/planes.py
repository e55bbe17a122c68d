"""A picture's colours set apart in the graph before anything is computed with them."""

from typing import Final

from onnx import ModelProto, NodeProto, numpy_helper

from service.networks.classifier import INPUT
from training.graph.nodes import users_of

ORDER: Final = (0, 3, 1, 2)
"""From a picture's axes `[N, S, S, 3]` to the planes `[N, 3, S, S]` that ONNX' convolutions take."""
EACH_ALONE: Final = ("Cast", "Add", "Sub", "Mul", "Div")
"""Operations that do the same in any order of the axes."""


def turn_first(model: ModelProto) -> None:
    """Turn the picture's axes at once where the converter does it behind the first sums, such as the mean's.

    Then bytes are turned instead of floats, and the mean of a colour is taken from a whole plane instead of
    from every third value; the answers stay the same. A graph that does not begin like this is left alone.
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
    for name, column in colours.items():
        graph.initializer.append(numpy_helper.from_array(constants[name].reshape(-1, 1, 1), column))
    renamed = {INPUT: behind.output[0], **colours}
    for node in chain:
        node.input[:] = [renamed.get(name, name) for name in node.input]


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
    return node.op_type == "Transpose" and tuple(node.attribute[0].ints) == ORDER
