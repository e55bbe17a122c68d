"""The same graph in an order and with names that do not depend on chance.

tf2onnx walks through sets and numbers what it makes, so that two conversions of one network give files that
answer alike and differ in their bytes. Then nobody could tell by a digest that a file was made again.
"""

import re
from collections import Counter
from typing import Final

from onnx import ModelProto, NodeProto

NUMBERED: Final = re.compile(r"(?<=.)__\d+$")
"""What tf2onnx adds to the names of nodes that it makes."""


def canonical(model: ModelProto) -> ModelProto:
    """A copy of a model that is the same byte for byte for the same network.

    Nodes follow each other as the outputs need them, in the order of the outputs' names; their names lose the
    converter's numbers. Constants and tensors are named after the nodes that use or make them, inputs and
    outputs keep their names. Whatever no output needs is left out. Subgraphs are not looked into.
    """
    copy = ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    nodes = _needed(copy)
    outputs = sorted(graph.output, key=lambda value: value.name)
    kept = {value.name for value in (*graph.input, *outputs)}
    names = _names(nodes, kept)
    constants = sorted(
        (tensor for tensor in graph.initializer if tensor.name in names), key=lambda one: names[one.name]
    )
    for tensor in constants:
        tensor.name = names[tensor.name]
    for node in nodes:
        _rename(node, names)
    for field, values in ((graph.node, nodes), (graph.initializer, constants), (graph.output, outputs)):
        fresh = [type(value).FromString(value.SerializeToString()) for value in values]
        del field[:]
        field.extend(fresh)
    del graph.value_info[:]
    # It would tell how many functions TensorFlow had traced before.
    graph.doc_string = ""
    return copy


def _needed(model: ModelProto) -> list[NodeProto]:
    """The nodes behind the outputs, each after those that it takes from."""
    makers = {name: node for node in model.graph.node for name in node.output if name}
    ordered: list[NodeProto] = []
    done: set[str] = set()
    waiting = sorted((value.name for value in model.graph.output), reverse=True)
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


def _names(nodes: list[NodeProto], kept: set[str]) -> dict[str, str]:
    """Name the nodes, and return the new names of tensors; those in `kept` stay as they are."""
    used: Counter[str] = Counter()
    names = {name: name for name in kept}
    for node in nodes:
        stem = NUMBERED.sub("", node.name) or node.op_type
        used[stem] += 1
        node.name = stem if used[stem] == 1 else f"{stem}__{used[stem]}"
        for place, name in enumerate(node.input):
            names.setdefault(name, f"{node.name}/{place}")
        for place, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}:{place}")
    names[""] = ""  # an optional input that is left out
    return names


def _rename(node: NodeProto, names: dict[str, str]) -> None:
    inputs, outputs = ([names[name] for name in field] for field in (node.input, node.output))
    attributes = sorted(node.attribute, key=lambda one: one.name)
    fresh = NodeProto(op_type=node.op_type, name=node.name, domain=node.domain, input=inputs, output=outputs)
    fresh.attribute.extend(attributes)
    node.CopyFrom(fresh)
