"""A graph's bytes say what it computes, not how the converter came upon it."""

import numpy as np
import pytest
from onnx import ModelProto

from tests.training.quantization.networks import graph
from tests.training.tiny import colours
from training.graph.canonical import canonical
from training.graph.parity import run_onnx


def jumbled(model: ModelProto, seed: int) -> ModelProto:
    """The same graph with other numbers in its names, another order, and a constant that nothing uses."""
    random = np.random.default_rng(seed)
    copy = ModelProto()
    copy.CopyFrom(model)
    body = copy.graph
    kept = {value.name for value in (*body.input, *body.output)}
    numbers = {name: f"{name}__{random.integers(1000)}" for node in body.node for name in node.output}
    numbers |= {tensor.name: f"const__{seed}{place}" for place, tensor in enumerate(body.initializer)}
    for node in body.node:
        marks = "_" * int(random.integers(1, 3))
        node.name = f"{node.name}{marks}{random.integers(1000)}" if node.name else ""
        for names in (node.input, node.output):
            names[:] = [name if name in kept else numbers[name] for name in names]
    for tensor in body.initializer:
        tensor.name = numbers[tensor.name]
    for field in (body.initializer, body.output):
        values = [field[int(place)] for place in random.permutation(len(field))]
        copies = [type(value).FromString(value.SerializeToString()) for value in values]
        del field[:]
        field.extend(copies)
    body.initializer.add().CopyFrom(body.initializer[0])
    body.initializer[-1].name = "unused"
    # The branches to evidence and average may follow each other either way.
    nodes = [type(node).FromString(node.SerializeToString()) for node in body.node]
    places = [node.op_type for node in nodes].index("ReduceMean")
    del body.node[:]
    body.node.extend([*nodes[:places], *nodes[places + 1 : places + 3], nodes[places], *nodes[places + 3 :]])
    body.doc_string = f"converted as function {seed}"
    return copy


@pytest.mark.parametrize("seed", [1, 2])
def test_names_and_order_do_not_depend_on_the_converter(seed: int) -> None:
    expected = canonical(graph())
    assert canonical(jumbled(graph(), seed)).SerializeToString() == expected.SerializeToString()


def test_answers_stay_exactly_the_same() -> None:
    images = colours(8).images
    for output in ("probabilities", "evidence", "typicality"):
        before, after = (run_onnx(model, images, 8, output) for model in (graph(), canonical(graph())))
        np.testing.assert_array_equal(before, after)


def test_names_are_unique_and_layers_keep_theirs() -> None:
    model = canonical(jumbled(graph(), 3))
    names = [node.name for node in model.graph.node]
    assert len(set(names)) == len(names)
    assert {"block1_conv1", "block1_conv2", "block1_conv1/Relu"} <= set(names)
    assert canonical(model).SerializeToString() == model.SerializeToString()
