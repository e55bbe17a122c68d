"""Evidence adds up to the logits, whatever the head; a network of another kind gives none."""

import keras
import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto

from service.networks.runtime import session_options
from training.graph.conversion import to_onnx
from training.graph.evidence import Split
from training.hyperparameters import HyperParameters
from training.network.assembly import assemble, build_head, part
from training.network.typicality import Typicality

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)


def base() -> keras.Model:
    image = keras.Input((16, 16, 3), name="image")
    x = keras.layers.Rescaling(1 / 128, offset=-1.0)(image)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="block1_conv1")(x)
    return keras.Model(image, keras.layers.MaxPooling2D(4, name="block1_pool")(x))


def network(head: str, heads: int = 1) -> keras.Model:
    keras.utils.set_random_seed(1)
    body = base()
    model = assemble(body, build_head((4, 4, 8), 3, HyperParameters(head=head, heads=heads, hidden=5)))
    for layer in model.layers:  # biases that are not zero, as after training
        layer.set_weights([array + RANDOM.normal(0, 0.1, array.shape) for array in layer.get_weights()])
    return model


def ask(graph: ModelProto, images: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(graph.SerializeToString(), session_options(1))
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": images}), strict=True))


@pytest.mark.parametrize(("head", "heads"), [("original", 1), ("gap", 1), ("conv", 1), ("conv", 3)])
def test_the_places_add_up_to_the_logits_but_for_constants(head: str, heads: int) -> None:
    model = network(head, heads)
    answers = ask(to_onnx(model), IMAGES)
    logits = model.predict(IMAGES, verbose=0)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers["probabilities"], expected, atol=1e-5)
    assert answers["evidence"].shape == (6, 4, 4, 3)
    rest = answers["evidence"].sum(axis=(1, 2)) - (logits - logits.mean(axis=1, keepdims=True))
    if head == "original":  # a constant of its own for each pattern of ReLUs
        hidden = part(model, "image", "hidden").predict(IMAGES, verbose=0)
        bias, (kernel, last) = (
            model.get_layer("hidden").get_weights()[1],
            model.get_layer("logits").get_weights(),
        )
        constants = ((hidden > 0) * bias) @ kernel + last
        np.testing.assert_allclose(rest, constants.mean(axis=1, keepdims=True) - constants, atol=1e-4)
    else:
        np.testing.assert_allclose(rest, np.broadcast_to(rest[0], rest.shape), atol=1e-4)


def test_evidence_is_where_it_matters() -> None:
    keras.utils.set_random_seed(0)
    body = base()
    model = assemble(body, build_head((4, 4, 8), 2, HyperParameters(head="gap")))
    one = np.full((1, 16, 16, 3), 128, np.uint8)
    other = one.copy()
    other[0, :4, :4] = (255, 0, 0)
    change = np.abs(np.diff([ask(to_onnx(model), image)["evidence"] for image in (one, other)], axis=0))[0, 0]
    assert change[0, 0].max() > 0
    assert change[3, 3].max() < 1e-6


def test_dense_weights_are_not_stored_twice() -> None:
    graph = to_onnx(network("original"))
    assert sum(int(np.prod(tensor.dims)) == 4 * 4 * 8 * 5 for tensor in graph.graph.initializer) == 1


def test_a_head_of_unknown_layers_has_no_evidence() -> None:
    body = base()
    x = keras.layers.GlobalAveragePooling2D()(body.output)
    x = keras.layers.LayerNormalization()(x)
    model = keras.Model(body.input, keras.layers.Dense(2)(x))
    assert Split.of(model) is None
    assert set(ask(to_onnx(model), IMAGES)) == {"probabilities"}


def test_a_network_with_branches_has_no_evidence() -> None:
    body = base()
    x = keras.layers.Add()([body.output, keras.layers.Conv2D(8, 1)(body.output)])
    model = keras.Model(body.input, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    assert Split.of(model) is None


def test_the_graph_says_how_typical_a_picture_is() -> None:
    model = network("gap")
    photos = RANDOM.integers(200, 256, (60, 16, 16, 3), dtype=np.uint8)
    maps = part(model, "image", "block1_pool").predict(photos, verbose=0)
    typicality = Typicality.of(maps, np.arange(60).astype(str))
    answers = ask(to_onnx(model, 1.0, typicality), np.concatenate([photos[:8], IMAGES]))["typicality"]
    assert answers.shape == (14,)
    assert answers[:8].mean() > 0.3
    assert answers[8:].max() < 1e-6
