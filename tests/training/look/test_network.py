"""The steps of a network are found in its file, however that is made and stored."""

from pathlib import Path

import keras
import numpy as np
import pytest

from service.pictures.regions import read_whole
from tests.bundles import write_bundle
from tests.training.tiny import network
from training.errors import TrainingError
from training.graph.conversion import to_onnx
from training.graph.storage import Storage, store
from training.hyperparameters import HyperParameters
from training.look.inside import Inside, log_odds
from training.look.network import Graph
from training.network.assembly import assemble, average, build_head

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("storage", ["float32", "float16", "int8"])
def test_weights_are_counted_whatever_they_are_stored_as(storage: Storage) -> None:
    trained = network()
    # Biases of nothing are left out of the file.
    trained.set_weights([values + 0.1 for values in trained.get_weights()])
    steps = Graph(store(to_onnx(trained), storage, int8_from=1024)).steps()
    assert [step.kind for step in steps if step.kind != "row"] == ["conv", "pool", "dense", "softmax"]
    assert sum(step.weights for step in steps) == trained.count_params()


def test_heads_that_are_computed_as_one_are_counted() -> None:
    recipe = HyperParameters(size=32, head="conv", heads=2, hidden=4)
    image = keras.Input((32, 32, 3), name="image", dtype="float32")
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="block1_conv1")(image)
    base = keras.Model(image, keras.layers.MaxPooling2D(8, name="block1_pool")(x))
    whole = assemble(base, build_head(base.output.shape[1:], 2, recipe))
    steps = Graph(to_onnx(whole)).steps()
    convolutions = [step for step in steps if step.kind == "conv"]
    assert {step.group for step in convolutions} == {"block1", "heads"}
    heads = {step.name: (step.window, step.lanes) for step in convolutions if step.group == "heads"}
    assert heads == {"heads_conv1": ((1, 1), 1), "heads_conv2": ((3, 3), 2), "heads_conv3": ((3, 3), 2)}


def test_averaged_networks_are_told_apart() -> None:
    recipe = HyperParameters(size=32, head="conv", heads=2, hidden=4)
    networks = []
    for _ in range(2):
        image = keras.Input((32, 32, 3), name="image", dtype="float32")
        x = keras.layers.Conv2D(
            8, 3, padding="same", kernel_initializer="ones", activation="relu", name="block1_conv1"
        )(image)
        x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="block2_conv1")(x)
        base = keras.Model(image, keras.layers.MaxPooling2D(8, name="block2_pool")(x))
        networks.append(assemble(base, build_head(base.output.shape[1:], 2, recipe)))
    steps = Graph(to_onnx(average(networks))).steps()
    groups = {step.group for step in steps if step.kind == "conv"}
    assert groups == {"block1", "block2", "heads", "run2_block2", "run2_heads"}


def test_a_network_without_maps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nothing to look into"):
        Inside(write_bundle(tmp_path))


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no network")
    with pytest.raises(TrainingError):
        Graph.load(tmp_path / "model.onnx")


def test_the_shipped_model_is_open_to_see() -> None:
    inside = Inside(ROOT / "models" / "eye-shape" / "1")
    picture = read_whole((ROOT / "examples" / "eye.jpg").read_bytes(), inside.classifier.input_size)
    layers = inside.layers(picture)
    found = {layer.step.name: layer for layer in layers}
    assert found["block1_conv1"].step.weights == 3 * 3 * 3 * 64 + 64
    assert found["block3_pool"].values.shape[0] == 256
    assert layers[-1].values.shape == (len(inside.metadata.labels),)
    # The answer on the way through the exposed graph is that of the service.
    answer = inside.classifier.probabilities(picture[None])[0]
    np.testing.assert_allclose(layers[-1].values, answer, atol=0.05)
    last, classify = inside.tail(layers)
    assert last.is_map
    np.testing.assert_allclose(classify(last.values[None])[0], answer, atol=0.05)


@pytest.mark.parametrize(("version", "last"), [("3", "head1_conv3"), ("4", "heads_conv3")])
def test_layers_of_a_shipped_model_have_names_of_their_own(version: str, last: str) -> None:
    file = ROOT / "models" / "eye-shape" / version / "model.onnx"
    names = [step.name for step in Graph.load(file).steps() if step.kind == "conv"]
    assert last in names
    assert len(set(names)) == len(names)


def test_log_odds_tell_certain_from_very_certain() -> None:
    odds = log_odds(np.array([0.5, 0.9, 1.0], dtype=np.float32))
    assert odds[0] == 0
    assert np.isfinite(odds).all()
    assert odds[2] > odds[1] > 2
