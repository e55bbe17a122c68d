"""What an exported network costs, and of how many parameters it is made."""

import keras
import numpy as np
import pytest

from service.networks.classifier import EVIDENCE, TYPICALITY
from training.graph.conversion import to_onnx
from training.graph.cost import describe
from training.graph.parity import outputs_of
from training.hyperparameters import HyperParameters
from training.network.assembly import assemble, average, build_head
from training.network.typicality import Typicality

SIDE, CHANNELS, HEADS, HIDDEN, CLASSES = 8, 6, 2, 5, 3


def network(seed: int) -> keras.Model:
    """A convolution and two convolutional heads on maps of 4 x 4 places."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIDE, SIDE, 3), name="image", dtype="float32")
    x = keras.layers.Conv2D(CHANNELS, 3, padding="same", activation="relu", name="block1_conv1")(image)
    base = keras.Model(image, keras.layers.MaxPooling2D(2, name="block1_pool")(x))
    recipe = HyperParameters(head="conv", heads=HEADS, hidden=HIDDEN)
    whole = assemble(base, build_head(base.output.shape[1:], CLASSES, recipe))
    random = np.random.default_rng(seed)
    for weights in whole.weights:  # as after training: the converter stores biases of nothing but 0 once
        weights.assign(weights + np.abs(random.normal(0, 0.3, weights.shape)))
    return whole


@pytest.mark.parametrize("runs", [1, 2])
def test_parameters_are_the_weights_and_biases_of_the_layers_each_once(runs: int) -> None:
    maps = np.random.default_rng(0).random((60, SIDE // 2, SIDE // 2, CHANNELS), dtype=np.float32)
    typicality = Typicality.of(maps, np.arange(60).astype(str))
    graph = to_onnx(average([network(seed) for seed in range(runs)]), 1.0, typicality)
    assert {EVIDENCE, TYPICALITY} < set(outputs_of(graph))
    base = 3 * 9 * CHANNELS + CHANNELS
    convolutions = (CHANNELS * HIDDEN + HIDDEN) + 2 * (HIDDEN * 9 * HIDDEN + HIDDEN)
    places = (SIDE // 2) ** 2
    heads = HEADS * (convolutions + places * HIDDEN * CLASSES) + CLASSES
    assert describe(graph).parameters == runs * (base + heads)
