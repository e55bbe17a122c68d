from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from service.errors import InvalidBundle
from service.networks.adaptive import AdaptiveSession
from service.networks.classifier import Classifier
from service.networks.cost import is_light
from service.networks.runtime import Runtime
from tests.bundles import colour_model, explaining, metadata


def saved(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "model.onnx"
    onnx.save(model, path)
    return path


def watched(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures each inference from now on has."""
    session, sizes = classifier._session, list[int]()

    def run(names: list[str], given: dict[str, np.ndarray]) -> Any:
        sizes.append(len(given["image"]))
        return session.run(names, given)

    monkeypatch.setattr(classifier, "_session", SimpleNamespace(run=run))
    return sizes


def test_probabilities_of_one_and_of_many(tmp_path: Path) -> None:
    classifier = Classifier(saved(colour_model(metadata()), tmp_path))
    assert classifier.input_size == 32
    images = np.zeros((5, 32, 32, 3), np.uint8)
    images[3, ..., 1] = 255
    answer = classifier.probabilities(images)
    assert answer.dtype == np.float32
    assert answer.shape == (5, 3)
    assert answer.sum(axis=1) == pytest.approx(np.ones(5))
    assert answer[3].argmax() == 1


def test_more_pictures_than_are_looked_at_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = Classifier(saved(colour_model(metadata()), tmp_path))
    images = np.random.default_rng(0).integers(0, 256, (11, 32, 32, 3), dtype=np.uint8)
    assert classifier.at_once == 2
    one_by_one = np.concatenate([classifier.probabilities(image[None]) for image in images])
    sizes = watched(classifier, monkeypatch)
    np.testing.assert_allclose(classifier.probabilities(images), one_by_one, atol=1e-6)
    assert sizes == [2, 2, 2, 2, 2, 1]
    assert classifier.probabilities(images[:0]).shape == (0, 3)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 6])
def test_a_provider_of_one_shape_always_gets_as_many_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    path = saved(explaining(metadata()), tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    wanted = Classifier(path).outputs(images, evidence=True)
    monkeypatch.setattr("service.networks.classifier.OF_ONE_SHAPE", {"CPUExecutionProvider"})
    classifier = Classifier(path, Runtime(1, at_once=4))
    sizes = watched(classifier, monkeypatch)
    got = classifier.outputs(images, evidence=True)
    assert set(sizes) == {4}
    for name in ("probabilities", "typicality", "evidence"):
        np.testing.assert_allclose(getattr(got, name), getattr(wanted, name), atol=1e-6)


@pytest.mark.parametrize(("size", "setting", "at_once"), [(80, 0, 2), (128, 0, 2), (160, 0, 1), (224, 9, 9)])
def test_large_pictures_are_classified_by_themselves(
    tmp_path: Path, size: int, setting: int, at_once: int
) -> None:
    path = saved(colour_model(metadata(), size=size), tmp_path)
    assert Classifier(path, Runtime(1, at_once=setting)).at_once == at_once


@pytest.mark.parametrize(
    ("multiply_adds", "adaptive", "threads", "at_once"),
    [(400_000_000, True, 1, 4), (2_000_000_000, True, 2, 2), (400_000_000, False, 2, 4), (None, True, 2, 2)],
)
def test_a_light_network_has_one_thread_and_more_pictures(
    tmp_path: Path, multiply_adds: int | None, adaptive: bool, threads: int, at_once: int
) -> None:
    facts = {"base": "other", "multiply_adds": multiply_adds, "parameters": 3} if multiply_adds else None
    path = saved(colour_model(metadata(network=facts)), tmp_path)
    classifier = Classifier(path, Runtime(2, adaptive=adaptive))
    assert classifier._session.get_session_options().intra_op_num_threads == threads
    assert isinstance(classifier._session, AdaptiveSession) == (adaptive and threads == 2)
    assert classifier.at_once == at_once


@pytest.mark.parametrize("fault", ["1e999", "[" * 100_000])
def test_a_number_that_is_none_makes_no_network_light(tmp_path: Path, fault: str) -> None:
    model = colour_model(metadata())
    model.metadata_props[0].value = f'{{"network": {{"multiply_adds": {fault}}}}}'
    assert not is_light(saved(model, tmp_path))


def test_another_input_size_just_works(tmp_path: Path) -> None:
    assert Classifier(saved(colour_model(metadata(), size=48), tmp_path)).input_size == 48


@pytest.mark.parametrize("size", [0, 4097, 2**31])
def test_an_input_of_no_pixels_or_far_too_many(tmp_path: Path, size: int) -> None:
    with pytest.raises(InvalidBundle, match="expected pictures of 1 to 4096 pixels a side. Received: "):
        Classifier(saved(colour_model(metadata(), size=size), tmp_path))


@pytest.mark.parametrize("shape", [(1, 31, 32, 3), (32, 32, 3), (1, 32, 32, 1)])
def test_a_wrong_shape_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    classifier = Classifier(saved(colour_model(metadata()), tmp_path))
    with pytest.raises(ValueError, match=r"Expected uint8 pictures of shape \[N, 32, 32, 3\]"):
        classifier.probabilities(np.zeros(shape, np.uint8))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match="nothing at this path"):
        Classifier(tmp_path / "model.onnx")


def test_a_corrupt_file(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(InvalidBundle, match="cannot load this file") as caught:
        Classifier(path)
    assert "\n" not in str(caught.value)


def test_no_metadata(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match="expected metadata under the key 'bundle'"):
        Classifier(saved(colour_model(None), tmp_path))


def test_a_missing_metadata_field(tmp_path: Path) -> None:
    document = metadata()
    del document["licence"]
    with pytest.raises(InvalidBundle, match="model.onnx: metadata: licence: Field required"):
        Classifier(saved(colour_model(document), tmp_path))


def test_metadata_that_are_no_document(tmp_path: Path) -> None:
    network = colour_model(metadata())
    network.metadata_props[0].value = "{"
    with pytest.raises(InvalidBundle, match="model.onnx: metadata: all of it: Invalid JSON"):
        Classifier(saved(network, tmp_path))


def test_labels_that_do_not_fit_the_output(tmp_path: Path) -> None:
    document = metadata(labels=metadata()["labels"][:2])
    with pytest.raises(InvalidBundle, match="expected 2 probabilities, one per label"):
        Classifier(saved(colour_model(document), tmp_path))


@pytest.mark.parametrize(
    ("operator", "inputs", "shape"),
    [("ReduceMax", ["rows"], r"\[\]"), ("Unsqueeze", ["rows", "last"], r"\['N', 1, 3\]")],
)
def test_an_output_of_another_rank(tmp_path: Path, operator: str, inputs: list[str], shape: str) -> None:
    model = colour_model(metadata())
    model.graph.node[-1].output[0] = "rows"
    facts = {"keepdims": 0} if operator == "ReduceMax" else {}
    model.graph.node.append(helper.make_node(operator, inputs, ["probabilities"], **facts))
    model.graph.initializer.append(numpy_helper.from_array(np.array([1], dtype=np.int64), "last"))
    model.graph.output[0].type.tensor_type.ClearField("shape")
    with pytest.raises(InvalidBundle, match=f"3 probabilities, one per label. Received: the shape {shape}"):
        Classifier(saved(model, tmp_path))


def test_an_output_whose_shape_is_not_declared(tmp_path: Path) -> None:
    model = colour_model(metadata())
    model.graph.output[0].type.tensor_type.ClearField("shape")
    classifier = Classifier(saved(model, tmp_path))
    assert classifier.probabilities(np.zeros((1, 32, 32, 3), np.uint8)).shape == (1, 3)


def test_a_float_input(tmp_path: Path) -> None:
    model = colour_model(metadata())
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT
    with pytest.raises(InvalidBundle, match=r"expected uint8 \[N, S, S, 3\] pictures"):
        Classifier(saved(model, tmp_path))


def test_a_fixed_batch(tmp_path: Path) -> None:
    model = colour_model(metadata())
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    with pytest.raises(InvalidBundle, match=r"expected uint8 \[N, S, S, 3\] pictures"):
        Classifier(saved(model, tmp_path))


def test_an_output_for_one_picture_alone(tmp_path: Path) -> None:
    model = colour_model(metadata())
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 3], dtype=np.int64), "one row"))
    model.graph.node[-1].input[0] = "flat"
    model.graph.node.insert(3, helper.make_node("Reshape", ["logits", "one row"], ["flat"]))
    expected = r"expected the output 'probabilities' for any number of pictures. Received: the shape \[1, 3\]"
    with pytest.raises(InvalidBundle, match=expected):
        Classifier(saved(model, tmp_path))
