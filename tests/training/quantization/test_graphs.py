"""The quantized graph: what becomes int8, what stays, and that it still answers."""

from collections import Counter

import keras
import numpy as np
import pytest
from onnx import ModelProto, TensorProto, numpy_helper

from service.networks.classifier import OUTPUT
from service.networks.metadata import BundleMetadata, DatasetFacts
from tests.training.quantization.networks import WIDTH, graph
from tests.training.tiny import LABELS, SIZE, colours
from training.bundles.gate import compare
from training.graph.conversion import to_onnx
from training.graph.cost import describe, layers
from training.graph.parity import logit_error, run_onnx
from training.graph.storage import restore, store
from training.hyperparameters import HyperParameters
from training.network.assembly import assemble, build_head
from training.quantization.graphs import FloatGraph
from training.quantization.ranges import METHODS, Observed, observe
from training.quantization.search import in_words, search

IMAGES = colours(16, seed=3).images


@pytest.fixture(scope="module")
def ready() -> FloatGraph:
    return FloatGraph.of(graph(), IMAGES)


@pytest.fixture(scope="module")
def observed(ready: FloatGraph) -> Observed:
    return observe(ready.model, IMAGES, "min-max")


def convolved_types(model: ModelProto) -> dict[str, int | None]:
    """What each convolution's weights are stored as; None for float."""
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    sources = {
        node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "DequantizeLinear"
    }
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    return {node.name: types.get(sources.get(node.input[1], "")) for node in convolutions}


def test_multiply_adds_are_counted_per_picture() -> None:
    first, second, evidence, dense = layers(graph())
    assert first.multiply_adds == SIZE * SIZE * WIDTH * 3 * 9
    assert second.multiply_adds == (SIZE // 4) ** 2 * WIDTH * WIDTH * 9
    assert dense.multiply_adds == WIDTH * 2
    assert evidence.multiply_adds == (SIZE // 4) ** 2 * WIDTH * 2
    assert (first.bias, dense.bias) == ("b1", None)


def test_the_network_is_told_by_the_names_of_its_layers() -> None:
    facts = describe(graph())
    assert (facts.base, facts.until, facts.arithmetic) == ("vgg16", "block1_conv2", "float32")
    assert facts.parameters == WIDTH * 27 + WIDTH * WIDTH * 9 + 2 * WIDTH + 2 * WIDTH + 2


def test_convolutions_become_int8_and_small_or_shared_layers_stay(
    ready: FloatGraph, observed: Observed
) -> None:
    model = ready.quantized(observed)
    assert convolved_types(model) == {"block1_conv1": TensorProto.INT8, "block1_conv2": TensorProto.INT8}
    assert Counter(node.op_type for node in model.graph.node)["MatMul"] == 2
    assert "dense" in {tensor.name for tensor in model.graph.initializer}


def test_a_layer_can_stay_float(ready: FloatGraph, observed: Observed) -> None:
    model = ready.quantized(observed, ["block1_conv1"])
    assert convolved_types(model) == {"block1_conv1": None, "block1_conv2": TensorProto.INT8}


def test_heads_computed_as_one_stay_float_where_they_are_apart() -> None:
    image = keras.Input((SIZE, SIZE, 3), name="image")
    base = keras.Model(image, keras.layers.MaxPooling2D(4, name="base")(image))
    recipe = HyperParameters(head="conv", heads=2, hidden=8)
    ready = FloatGraph.of(to_onnx(assemble(base, build_head((8, 8, 3), 2, recipe))), IMAGES)
    types = convolved_types(ready.quantized(observe(ready.model, IMAGES, "min-max")))
    assert {name.split("/")[0]: kind for name, kind in types.items()} == {
        "heads_conv1": TensorProto.INT8,
        "heads_conv2": None,
        "heads_conv3": None,
    }


@pytest.mark.parametrize("method", METHODS)
def test_every_calibration_gives_nearly_the_same_answers(ready: FloatGraph, method: str) -> None:
    model = ready.quantized(observe(ready.model, IMAGES, method))
    expected, received = (run_onnx(one, IMAGES, 8) for one in (ready.model, model))
    assert 0 < logit_error(expected, received) < 0.3


def test_further_outputs_survive(ready: FloatGraph, observed: Observed) -> None:
    facts = DatasetFacts(fingerprint="0" * 64, images=1, people=1)
    metadata = BundleMetadata(name="colours", version=1, labels=LABELS, dataset=facts, licence="")
    verdict = compare(ready.model, ready.quantized(observed), colours(10, seed=4), metadata)
    assert verdict.certain == {"coverage": 1.0, "accuracy_when_sure": verdict.after.accuracy.value}
    assert set(verdict.outputs) == {"evidence", "typicality"}
    assert verdict.outputs["evidence"] < 0.2
    verdict.check("int8")


def test_the_search_says_what_it_tried(ready: FloatGraph) -> None:
    said: list[str] = []
    choice = search(ready, colours(16, seed=5).images, 1, said.append)
    assert choice.method == min(choice.errors, key=lambda name: choice.errors[name])
    assert choice.error <= choice.errors[choice.method]
    assert len(said) == len(METHODS) + len(choice.gains)
    assert choice.document()["float_layers"] == list(choice.keep)


def test_where_int8_costs_nothing_no_layer_stays_float(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.quantization.search.AFFORDABLE", 1.0)
    model = graph()
    dense = next(tensor for tensor in model.graph.initializer if tensor.name == "dense")
    said: list[str] = []
    for scale, tried in ((1, 2), (1e6, 0)):  # as sure of every photo as a number can say
        louder = numpy_helper.from_array(numpy_helper.to_array(dense) * np.float32(scale), "dense")
        dense.CopyFrom(louder)
        said.clear()
        choice = search(FloatGraph.of(model, IMAGES), colours(16, seed=5).images, 1, said.append)
        assert len(choice.gains) == len(said) - len(METHODS) == tried
    assert choice.error == 0 and choice.keep == ()


def test_stored_weights_are_restored_before_they_are_rounded_again() -> None:
    model = graph()
    stored = store(model, "float16")
    assert "w2/float16" in {tensor.name for tensor in stored.graph.initializer}
    again = restore(stored)
    assert [node.op_type for node in again.graph.node] == [node.op_type for node in model.graph.node]
    before, after = (
        {tensor.name: numpy_helper.to_array(tensor) for tensor in one.graph.initializer}
        for one in (model, again)
    )
    assert set(before) == set(after)
    assert all(np.allclose(before[name], after[name], atol=1e-3) for name in before)


def test_int8_storage_is_restored_too() -> None:
    model = graph()
    again = restore(store(model, "int8", int8_from=1))
    assert run_onnx(again, IMAGES, 8) == pytest.approx(run_onnx(model, IMAGES, 8), abs=0.05)
    assert {tensor.data_type for tensor in again.graph.initializer} == {TensorProto.FLOAT}


def test_the_error_ignores_what_the_softmax_ignores() -> None:
    random = np.random.default_rng(0)
    odds = np.exp(random.normal(size=(5, 3)))
    probabilities = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    assert logit_error(probabilities, probabilities * 0.5) == pytest.approx(0, abs=1e-6)
    assert OUTPUT == "probabilities"


def test_what_a_layer_in_float_adds_to_the_error_is_more_of_it() -> None:
    assert (in_words(0.123), in_words(-0.12), in_words(0.0)) == ("12 % less", "12 % more", "0 % less")
