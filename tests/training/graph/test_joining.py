"""Heads computed as one answer like the heads they were."""

import keras
import numpy as np
import pytest

from training.graph.conversion import to_onnx
from training.graph.joining import Joined
from training.graph.parity import run_onnx
from training.hyperparameters import HyperParameters
from training.network.assembly import assemble, build_head
from training.network.calibration import softmax
from training.network.heads import MEMBERS, build_members

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.random((5, 4, 3, 6), dtype=np.float32)


def trained(model: keras.Model) -> keras.Model:
    """Weights as after training: no scale is 1, no shift 0, and no variance below 0."""
    for weights in model.weights:
        weights.assign(weights + np.abs(RANDOM.normal(0, 0.3, weights.shape)))
    return model


@pytest.mark.parametrize("heads", [1, 3])
def test_the_joined_heads_answer_like_the_mean_of_the_heads(heads: int) -> None:
    members = trained(build_members((4, 3, 6), 2, HyperParameters(head="conv", heads=heads, hidden=5)))
    joined = Joined.of(members)
    maps = joined.maps(FEATURES)
    each = [members.get_layer(f"head{number}_conv3_relu").output for number in range(1, heads + 1)]
    expected = np.concatenate(
        [np.asarray(keras.Model(members.input, one)(FEATURES)) for one in each], axis=-1
    )
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-5)
    logits = maps
    for layer in joined.chain:
        logits = layer(logits)
    mean = np.asarray(members(FEATURES)).reshape(5, heads, 2).mean(axis=1)
    assert np.ptp(mean) > 0.1
    np.testing.assert_allclose(logits, mean, rtol=1e-4, atol=1e-4)


def test_however_many_heads_the_graph_is_as_long() -> None:
    image = keras.Input((16, 16, 3), name="image")
    base = keras.Model(image, keras.layers.MaxPooling2D(4, name="base")(image))
    graphs = []
    for heads in (1, 4):
        recipe = HyperParameters(head="conv", heads=heads, hidden=8)
        network = assemble(base, build_head((4, 4, 3), 2, recipe))
        trained(network.get_layer(MEMBERS))
        graphs.append(to_onnx(network))
        pictures = RANDOM.integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
        expected = softmax(np.asarray(network(pictures.astype(np.float32))))
        np.testing.assert_allclose(run_onnx(graphs[-1], pictures, batch=4), expected, atol=1e-4)
    one, four = ([node.op_type for node in graph.graph.node] for graph in graphs)
    assert one == four
    assert one.count("Conv") == 3
