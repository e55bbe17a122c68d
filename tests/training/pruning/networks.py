"""Networks with channels that can be spared, because others say the same."""

import keras
import numpy as np
from onnx import ModelProto

from tests.training.tiny import SIZE
from training.graph.conversion import to_onnx

CHANNELS = 32
DIFFERENT = 16
"""So many channels of the first convolution differ; each of the others is twice one of these."""


def repetitive(classes: int = 2) -> ModelProto:
    """Pictures `[N, 32, 32, 3]` to probabilities, two convolutions of which the first repeats itself."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3), name="image", dtype="float32")
    x = keras.layers.Rescaling(1 / 128, offset=-1.0)(image)
    first = keras.layers.Conv2D(CHANNELS, 3, padding="same", activation="relu", name="block1_conv1")
    x = keras.layers.MaxPooling2D(4)(first(x))
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="block1_conv2")(x)
    x = keras.layers.Flatten()(x)
    model = keras.Model(image, keras.layers.Dense(classes)(x))
    kernel, _ = first.get_weights()
    kernel[..., DIFFERENT:] = 2 * kernel[..., :DIFFERENT]
    bias = np.random.default_rng(0).normal(0, 0.1, DIFFERENT)
    first.set_weights([kernel, np.concatenate([bias, 2 * bias])])
    return to_onnx(model)
