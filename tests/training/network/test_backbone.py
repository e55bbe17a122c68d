"""The shipped VGG16 weights against figures published elsewhere, and the base against Keras' own."""

import keras
import numpy as np
import pytest

from training.errors import TrainingError
from training.network import backbone
from training.network.backbone import load_weights
from training.network.weight_files import Weights, first_channels, layer_names

# float16 keeps 11 significant bits.
HALF = 2**-11

FIRST_BIASES = {
    "block1_conv1": 0.73429835,
    "block1_conv2": -0.30912212,
    "block2_conv1": -0.04577766,
    "block2_conv2": -0.06418542,
    "block3_conv1": -0.074358866,
    "block3_conv2": 0.019675018,
    "block3_conv3": 0.035415243,
    "block4_conv1": 0.013485669,
    "block4_conv2": 0.023680462,
    "block4_conv3": 0.03757768,
    "block5_conv1": 0.09722325,
    "block5_conv2": 0.21327873,
    "block5_conv3": 0.18837857,
}


@pytest.fixture(scope="module")
def weights() -> Weights:
    return load_weights()


def test_first_kernel_is_the_published_one(weights: Weights) -> None:
    published = [0.42947057, 0.11727387, 0.03401296]
    np.testing.assert_allclose(weights["block1_conv1/kernel"][0, 0, 0, :3], published, rtol=HALF)


@pytest.mark.parametrize(("size", "pool"), [(45, "block2_pool"), (77, "block4_pool"), (32, "block5_pool")])
def test_the_shape_of_a_map_is_known_before_the_base_is_built(size: int, pool: str) -> None:
    narrow = first_channels(load_weights(), range(8, 21))
    built = backbone.build(size, narrow, pool)
    assert backbone.map_shape(size, narrow, pool) == built.output.shape[1:]


@pytest.mark.parametrize("layer", layer_names())
def test_first_bias_of_each_layer_is_the_published_one(layer: str, weights: Weights) -> None:
    assert weights[f"{layer}/bias"][0] == pytest.approx(FIRST_BIASES[layer], rel=HALF)


def test_last_kernel_has_the_published_statistics(weights: Weights) -> None:
    kernel = weights["block5_conv3/kernel"].astype(np.float64)
    assert kernel.mean() == pytest.approx(-0.0010818949, rel=HALF)
    assert kernel.std() == pytest.approx(0.008478405, rel=HALF)
    assert kernel.min() == pytest.approx(-0.09288482, rel=HALF)
    assert kernel.max() == pytest.approx(0.28699666, rel=HALF)


def test_last_bias_has_the_published_range(weights: Weights) -> None:
    bias = weights["block5_conv3/bias"]
    assert bias.min() == pytest.approx(-0.50036746, rel=HALF)
    assert bias.max() == pytest.approx(9.431553, rel=HALF)


def test_base_equals_keras_vgg16_with_its_own_preprocessing(weights: Weights) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    reference = keras.applications.VGG16(weights=None, include_top=False, input_shape=(64, 64, 3))
    for name in layer_names():
        reference.get_layer(name).set_weights([weights[f"{name}/kernel"], weights[f"{name}/bias"]])
    expected = reference(keras.applications.vgg16.preprocess_input(images.astype(np.float32)))
    features = backbone.build(64, weights)(images)
    assert features.shape == (2, 2, 2, 512)
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=2e-3)


def test_base_is_locked(weights: Weights) -> None:
    assert not backbone.build(32, weights).trainable_weights


def test_base_can_be_cut_earlier(weights: Weights) -> None:
    assert backbone.build(64, weights, cut="block4_pool").output.shape == (None, 4, 4, 512)


def test_unknown_cut_and_small_size_are_refused(weights: Weights) -> None:
    with pytest.raises(TrainingError, match="to cut at. Received: block6_pool"):
        backbone.build(32, weights, cut="block6_pool")
    with pytest.raises(TrainingError, match="at least 32 pixels a side. Received: 31"):
        backbone.build(31, weights)


def test_digest_tells_weights_apart(weights: Weights) -> None:
    other = dict(weights)
    other["block5_conv3/bias"] = other["block5_conv3/bias"] + 1
    assert backbone.digest(weights) == backbone.digest(dict(reversed(weights.items())))
    assert backbone.digest(weights) != backbone.digest(other)
