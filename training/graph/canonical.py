"""The same graph in an order and with names that do not depend on chance.

tf2onnx walks through sets and numbers what it makes, so that two conversions of one network give files that
answer alike and differ in their bytes. Then nobody could tell by a digest that a file was made again.
"""

import re
from collections import Counter
from typing import Final

from onnx import GraphProto, ModelProto, NodeProto

NUMBERED: Final = re.compile(r"(?<=[^/])(_{1,2}\d+)+$")
"""What TensorFlow and tf2onnx add to the names of nodes that they make.

Of two nodes that compute the same tf2onnx keeps either one, `Square_2` or `Square_3`.
"""


def canonical(model: ModelProto) -> ModelProto:
    """A copy of a model that is the same byte for byte for the same network.

    Nodes follow each other as the outputs need them, in the order of the outputs' names; their names lose the
    converter's numbers. Constants and tensors are named after the nodes that use or make them, inputs and
    outputs keep their names. Whatever no output needs is left out. Subgraphs are not looked into.
    """
    graph = model.graph
    nodes = _needed(graph)
    titles = _titles(nodes)
    outputs = sorted(graph.output, key=lambda value: value.name)
    names = _names(nodes, titles, {value.name for value in (*graph.input, *outputs)})
    fresh = ModelProto()
    fresh.CopyFrom(model)
    # A doc_string would tell how many functions TensorFlow had traced before.
    for field in ("node", "initializer", "output", "value_info", "doc_string"):
        fresh.graph.ClearField(field)
    fresh.graph.node.extend(_renamed(node, title, names) for node, title in zip(nodes, titles, strict=True))
    fresh.graph.output.extend(outputs)
    used = (tensor for tensor in graph.initializer if tensor.name in names)
    for tensor in sorted(used, key=lambda one: names[one.name]):
        fresh.graph.initializer.add().CopyFrom(tensor)
        fresh.graph.initializer[-1].name = names[tensor.name]
    return fresh


def _needed(graph: GraphProto) -> list[NodeProto]:
    """The nodes behind the outputs, each after those that it takes from."""
    makers = {name: node for node in graph.node for name in node.output if name}
    ordered: list[NodeProto] = []
    done: set[str] = set()
    waiting = sorted((value.name for value in graph.output), reverse=True)
    while waiting:
        node = makers.get(waiting[-1])
        if node is None or node.output[0] in done:
            waiting.pop()
            continue
        missing = [name for name in node.input if name in makers and makers[name].output[0] not in done]
        if missing:
            waiting += reversed(missing)
            continue
        done.add(node.output[0])
        ordered.append(node)
    return ordered


def _titles(nodes: list[NodeProto]) -> list[str]:
    """A name of its own for each node."""
    used: Counter[str] = Counter()
    titles = []
    for node in nodes:
        stem = NUMBERED.sub("", node.name) or node.op_type
        used[stem] += 1
        titles.append(stem if used[stem] == 1 else f"{stem}__{used[stem]}")
    return titles


def _names(nodes: list[NodeProto], titles: list[str], kept: set[str]) -> dict[str, str]:
    """The new names of tensors by the old ones; those in `kept` stay as they are."""
    names = {name: name for name in kept}
    for node, title in zip(nodes, titles, strict=True):
        for place, name in enumerate(node.input):
            names.setdefault(name, f"{title}/{place}")
        for place, name in enumerate(node.output):
            names.setdefault(name, f"{title}:{place}")
    names[""] = ""  # an optional input that is left out
    return names


def _renamed(node: NodeProto, title: str, names: dict[str, str]) -> NodeProto:
    inputs, outputs = ([names[name] for name in field] for field in (node.input, node.output))
    fresh = NodeProto(op_type=node.op_type, name=title, domain=node.domain, input=inputs, output=outputs)
    fresh.attribute.extend(sorted(node.attribute, key=lambda one: one.name))
    return fresh
