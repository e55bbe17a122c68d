"""Graphs with fewer channels: where they can be cut, and that they still answer."""

import keras
import numpy as np
from onnx import numpy_helper

from tests.training.pruning.networks import CHANNELS, DIFFERENT, repetitive
from tests.training.tiny import SIZE, colours
from training.graph.conversion import to_onnx
from training.graph.cost import describe
from training.graph.parity import run_onnx
from training.hyperparameters import HyperParameters
from training.network.assembly import assemble, average, build_head, part
from training.network.typicality import Typicality
from training.pruning.graphs import Cut, prune
from training.pruning.sites import loudness, sites

IMAGES = colours(24, seed=3).images


def test_what_a_layer_says_twice_is_said_once() -> None:
    whole = repetitive()
    told: list[Cut] = []
    pruned, cuts = prune(whole, IMAGES, residual=0.02, seed=1, told=told.append)
    assert told == cuts
    (cut,) = cuts
    assert (cut.channels, cut.kept) == (CHANNELS, DIFFERENT)
    assert cut.residual < 0.02
    others = colours(16, seed=9).images
    np.testing.assert_allclose(run_onnx(pruned, others, 8), run_onnx(whole, others, 8), atol=0.01)
    before, after = describe(whole), describe(pruned)
    assert after.multiply_adds < 0.55 * before.multiply_adds
    assert after.parameters < before.parameters
    assert (after.base, after.until) == (before.base, before.until)


def test_the_same_photos_give_the_same_bytes() -> None:
    whole = repetitive()
    before = whole.SerializeToString()
    first, second = (prune(whole, IMAGES, 0.02, 1, lambda _: None)[0] for _ in range(2))
    assert first.SerializeToString() == second.SerializeToString()
    assert whole.SerializeToString() == before


def test_nothing_goes_where_nothing_may_be_lost() -> None:
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = keras.layers.Conv2D(CHANNELS, 3, padding="same", activation="relu")(image)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    whole = to_onnx(keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(x))))
    pruned, cuts = prune(whole, IMAGES, residual=1e-12, seed=1, told=lambda _: None)
    assert [cut.kept for cut in cuts] == [CHANNELS]
    np.testing.assert_array_equal(run_onnx(pruned, IMAGES, 8), run_onnx(whole, IMAGES, 8))


def network(seed: int) -> keras.Model:
    """One of two networks that share their first block."""
    image = keras.Input((SIZE, SIZE, 3), name="image", dtype="float32")
    shared = keras.initializers.GlorotUniform(seed=1)
    x = keras.layers.Conv2D(
        32, 3, padding="same", activation="relu", kernel_initializer=shared, name="block1_conv1"
    )(image)
    x = keras.layers.MaxPooling2D(2, name="block1_pool")(x)
    own = keras.initializers.GlorotUniform(seed=seed)
    for number in (1, 2):
        x = keras.layers.Conv2D(
            32, 3, padding="same", activation="relu", kernel_initializer=own, name=f"block2_conv{number}"
        )(x)
    base = keras.Model(image, keras.layers.MaxPooling2D(4, name="block2_pool")(x))
    recipe = HyperParameters(size=32, head="conv", heads=2, hidden=16)
    return assemble(base, build_head(base.output.shape[1:], 2, recipe))


def test_channels_stay_where_something_else_looks_at_them() -> None:
    networks = [network(seed) for seed in (2, 3)]
    maps = part(networks[0], "image", "block2_pool").predict(IMAGES.astype(np.float32), verbose=0)
    photos = np.repeat(maps, 3, axis=0)
    typicality = Typicality.of(photos, np.arange(len(photos)).astype(str))
    assert typicality is not None
    graph = to_onnx(average(networks), 1.0, typicality)
    found = {site.name.rpartition("/")[0]: site for site in sites(graph)}
    readers = {
        name: [reader.name.rpartition("/")[0] for reader in site.readers] for name, site in found.items()
    }
    assert readers == {
        # Both networks look at the block they share.
        "common_1/block1_conv1_1": ["run1/trunk_1/block2_conv1_1", "run2/trunk_1/block2_conv1_1"],
        "run1/trunk_1/block2_conv1_1": ["run1/trunk_1/block2_conv2_1"],
        "run1/trunk_1/block2_conv2_1": ["run1/heads_conv1"],
        "run2/trunk_1/block2_conv1_1": ["run2/trunk_1/block2_conv2_1"],
        "run2/trunk_1/block2_conv2_1": ["run2/heads_conv1"],
    }
    # The first network's last maps also say how typical a picture is.
    assert [name for name, site in found.items() if site.only_read] == ["run1/trunk_1/block2_conv2_1"]
    assert found["run2/trunk_1/block2_conv2_1"].window == (1, 1)
    assert all(site.relu for site in found.values())
    pruned, cuts = prune(graph, IMAGES, residual=0.05, seed=1, told=lambda _: None)
    kept = {cut.layer.rpartition("/")[0]: cut.kept for cut in cuts}
    assert kept["run1/trunk_1/block2_conv2_1"] == 32 > kept["common_1/block1_conv1_1"]
    assert np.abs(run_onnx(pruned, IMAGES, 8) - run_onnx(graph, IMAGES, 8)).max() < 0.1


def test_loudness_is_what_the_layers_behind_make_of_a_channel() -> None:
    graph = to_onnx(network(2))
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.graph.initializer}
    nodes = {node.name.rpartition("/")[0]: node for node in graph.graph.node if node.op_type == "Conv"}
    kernel = weights[nodes["trunk_1/block2_conv2_1"].input[1]]
    np.testing.assert_allclose(
        loudness(graph, nodes["trunk_1/block2_conv1_1"]), np.square(kernel).sum(axis=(0, 2, 3)), rtol=1e-5
    )
    # Of heads that are computed as one each takes its own channels.
    first, second = np.split(weights[nodes["heads_conv2"].input[1]], 2)
    expected = np.concatenate([np.square(half).sum(axis=(0, 2, 3)) for half in (first, second)])
    np.testing.assert_allclose(loudness(graph, nodes["heads_conv1"]), expected, rtol=1e-5)
    # Whatever follows the last convolution is no convolution.
    assert set(loudness(graph, nodes["heads_conv3"])) == {1.0}
