"""How the nodes of an ONNX graph hang together."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from onnx import ModelProto, NodeProto

from service.networks.classifier import INPUT


def users_of(model: ModelProto) -> dict[str, list[NodeProto]]:
    """The nodes that take each tensor, in order; none for a tensor that nobody takes."""
    users: dict[str, list[NodeProto]] = defaultdict(list)
    for node in model.graph.node:
        for name in node.input:
            users[name].append(node)
    return users


def needed(model: ModelProto, outputs: Collection[str], given: str = INPUT) -> list[NodeProto]:
    """The nodes that compute `outputs` from `given` and from constants, in order."""
    wanted, chosen = set(outputs), []
    for node in reversed(model.graph.node):
        if wanted.intersection(node.output) and given not in node.output:
            chosen.append(node)
            wanted.update(node.input)
    return chosen[::-1]


def fields_of(node: NodeProto) -> dict[str, Any]:
    """The attributes of a node that are whole numbers or lists of them, by name."""
    return {field.name: field.i if field.type == field.INT else list(field.ints) for field in node.attribute}
