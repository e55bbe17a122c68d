import keras
import numpy as np
import pytest

from training.graph.conversion import to_onnx
from training.graph.parity import run_onnx
from training.hyperparameters import HyperParameters
from training.network.assembly import assemble, build_head, part, trained_part
from training.network.calibration import softmax
from training.network.heads import MEMBERS

RECIPE = HyperParameters(head="conv", heads=3, hidden=4)
FEATURES = np.random.default_rng(0).random((5, 4, 4, 6), dtype=np.float32)


def test_the_answer_is_the_mean_of_the_heads() -> None:
    head = build_head((4, 4, 6), 2, RECIPE)
    each = part(head, "features", MEMBERS)(FEATURES)
    assert each.shape == (5, 3, 2)
    np.testing.assert_allclose(head(FEATURES), np.mean(each, axis=1), rtol=1e-5)
    assert np.ptp(np.asarray(each), axis=1).min() > 0  # no two heads are the same


@pytest.mark.parametrize(("kind", "shape"), [("conv", (None, 3, 2)), ("gap", (None, 2))])
def test_the_loss_is_about_every_head(kind: str, shape: tuple[int | None, ...]) -> None:
    image = keras.Input((4, 4, 3), name="image")
    base = keras.Model(image, keras.layers.Conv2D(6, 3, padding="same", name="base")(image))
    recipe = HyperParameters(head=kind, heads=3, hidden=4)
    assert trained_part(assemble(base, build_head((4, 4, 6), 2, recipe)), "base").output.shape == shape


def test_a_logit_is_a_sum_over_the_places_of_the_last_map() -> None:
    head = build_head((4, 4, 6), 2, HyperParameters(head="conv", hidden=4))
    members = head.get_layer(MEMBERS)
    last = keras.Model(members.input, members.get_layer("head1_conv3_relu").output)(FEATURES)
    kernel, bias = members.get_layer("head1_logits").get_weights()
    evidence = np.einsum("nhwc,hwck->nhwk", last, kernel.reshape(4, 4, 4, 2))
    np.testing.assert_allclose(evidence.sum(axis=(1, 2)) + bias, head(FEATURES), rtol=1e-4, atol=1e-5)


def test_the_exported_graph_answers_alike() -> None:
    image = keras.Input((8, 8, 3), name="image")
    base = keras.Model(image, keras.layers.MaxPooling2D(2, name="base")(image))
    network = assemble(base, build_head((4, 4, 3), 2, RECIPE))
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    expected = softmax(np.asarray(network(pictures.astype(np.float32))), 1.5)
    np.testing.assert_allclose(run_onnx(to_onnx(network, 1.5), pictures, batch=3), expected, atol=1e-5)
