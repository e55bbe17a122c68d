"""The ONNX graph of a tiny network: its signature, its answers, its stored weights."""

from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, numpy_helper

from service.networks.classifier import INPUT
from service.networks.runtime import session_options
from tests.training.tiny import SIZE, colours, network
from training.graph.conversion import to_onnx
from training.graph.parity import ParityError, agreement, check_parity, parity_images, run_onnx
from training.graph.storage import Storage, store
from training.network.calibration import softmax

TEMPERATURE = 1.7


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return network(classes=3)


@pytest.fixture(scope="module")
def graph(model: keras.Model) -> ModelProto:
    return to_onnx(model, TEMPERATURE)


def expected(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return softmax(model.predict(images, verbose=0), TEMPERATURE)


def test_signature_is_the_bundle_contract(graph: ModelProto) -> None:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), session_options(1))
    (image,) = session.get_inputs()
    outputs = {output.name: output for output in session.get_outputs()}
    assert set(outputs) == {"probabilities", "evidence"}
    probabilities = outputs["probabilities"]
    assert (image.name, image.type, image.shape) == ("image", "tensor(uint8)", ["N", SIZE, SIZE, 3])
    assert (probabilities.name, probabilities.type) == ("probabilities", "tensor(float)")
    assert probabilities.shape == ["N", 3]


def test_answers_like_the_network_at_batch_1_and_8(model: keras.Model, graph: ModelProto) -> None:
    images = parity_images(colours(10).images)
    found = check_parity(graph, images, expected(model, images))
    assert found.images == 64
    assert found.same_answer == 1
    assert found.largest_difference < 1e-5


def test_another_temperature_is_a_parity_error(model: keras.Model, graph: ModelProto) -> None:
    images = parity_images(colours(64).images)
    with pytest.raises(ParityError, match="batch 1"):
        check_parity(graph, images, softmax(model.predict(images, verbose=0)))


def test_not_a_number_is_a_parity_error(graph: ModelProto) -> None:
    images = parity_images(colours(64).images)
    with pytest.raises(ParityError):
        check_parity(graph, images, np.full((64, 3), np.nan, dtype=np.float32))


def test_constants_that_a_layer_captures_become_weights() -> None:
    image = keras.Input((SIZE, SIZE, 3), name="image", dtype="uint8")
    x = keras.layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0])(image)
    captured = keras.Model(image, keras.layers.GlobalAveragePooling2D()(x))
    graph = to_onnx(captured, TEMPERATURE)
    assert [value.name for value in graph.graph.input] == [INPUT]
    images = colours(8).images
    found = agreement(expected(captured, images), run_onnx(graph, images, 8))
    assert found.largest_difference < 1e-5


@pytest.mark.parametrize(("storage", "share", "tolerance"), [("float16", 0.6, 0.002), ("int8", 0.4, 0.02)])
def test_smaller_weights_answer_nearly_the_same(
    graph: ModelProto, storage: Storage, share: float, tolerance: float
) -> None:
    small = store(graph, storage, int8_from=0)
    assert small.ByteSize() < share * graph.ByteSize() + 4000
    images = colours(16).images
    found = agreement(run_onnx(graph, images, 16), run_onnx(small, images, 16))
    assert 0 < found.largest_difference < tolerance


def test_storing_leaves_the_model_and_small_tensors_alone(graph: ModelProto) -> None:
    before = graph.SerializeToString()
    small = store(graph, "int8", int8_from=0)
    assert graph.SerializeToString() == before
    assert store(graph, "float32").SerializeToString() == before
    few = [
        tensor
        for tensor in graph.graph.initializer
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) < 1024
    ]
    kept = {tensor.name: tensor.SerializeToString() for tensor in small.graph.initializer}
    assert {tensor.name: tensor.SerializeToString() for tensor in few}.items() <= kept.items()
    assert max(int(np.prod(tensor.dims)) for tensor in few) > 100  # a kernel, and not only biases


def test_only_the_layers_that_make_a_file_large_become_int8(graph: ModelProto) -> None:
    assert store(graph, "int8").SerializeToString() == store(graph, "float16").SerializeToString()


def test_int8_has_a_scale_for_each_output(graph: ModelProto) -> None:
    small = store(graph, "int8", int8_from=0)
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in small.graph.initializer}
    dense = [values for name, values in tensors.items() if name.endswith("/scale") and values.ndim == 2]
    assert [scale.shape for scale in dense] == [(1, 3)]
    levels = [values for name, values in tensors.items() if name.endswith("/int8") and values.ndim == 2]
    assert [np.abs(level.astype(int)).max(axis=0).tolist() for level in levels] == [[127] * 3]


def test_runtime_folds_the_restoring_nodes(graph: ModelProto, tmp_path: Path) -> None:
    options = session_options(1)
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    onnxruntime.InferenceSession(store(graph, "int8", int8_from=0).SerializeToString(), options)
    optimised = ModelProto.FromString((tmp_path / "optimised.onnx").read_bytes())
    names = {tensor.name for tensor in optimised.graph.initializer}
    assert not any(name.endswith("/int8") for name in names)


def test_a_network_is_exported_to_the_same_bytes(model: keras.Model, graph: ModelProto) -> None:
    again = to_onnx(model, TEMPERATURE)
    assert again.SerializeToString() == graph.SerializeToString()


def test_pictures_for_parity_are_64_different_ones() -> None:
    many = parity_images(colours(200).images)
    few = parity_images(colours(3).images)
    for images in (many, few):
        assert images.shape == (64, SIZE, SIZE, 3)
        assert len({image.tobytes() for image in images}) == 64
