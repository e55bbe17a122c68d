"""Small convolutional heads on VGG16's maps, several side by side.

A head starts from its own random weights and drops its own units, so that heads err in different places and
their mean errs less (Lakshminarayanan et al., "Simple and Scalable Predictive Uncertainty Estimation using
Deep Ensembles", NeurIPS 2017). They share the base, which is where the time goes: a head costs about a
hundredth of it.

The last layer is linear in the last map. So a class's logit is a sum over the places of the map, and the
share of each place says where in the picture the evidence is. training/graph/joining.py computes them all
as one.
"""

from typing import Final

import keras

from training.hyperparameters import HyperParameters

MEMBERS: Final = "members"
"""Name of the layer that holds the heads and gives their logits `[N, K, C]`."""
DECAY: Final = 3e-4
"""Factor of the squared kernels in the loss."""
CHANNEL_DROPOUT: Final = 0.2
"""Share of the base's channels that a head does not see in a step."""
MOMENTUM: Final = 0.95
"""Of the running means: an epoch of a small data set has few steps."""


def build_members(features: tuple[int, ...], classes: int, recipe: HyperParameters) -> keras.Model:
    """`recipe.heads` heads: features `[N, H, W, C]` to the logits of each, `[N, heads, classes]`."""
    inputs = keras.Input(features, name="features")
    each = []
    for number in range(1, recipe.heads + 1):
        logits = _member(inputs, classes, recipe, f"head{number}")
        each.append(keras.layers.Reshape((1, classes), name=f"head{number}_row")(logits))
    rows = keras.layers.Concatenate(axis=1, name="rows")(each) if len(each) > 1 else each[0]
    return keras.Model(inputs, rows, name=MEMBERS)


def _member(x: keras.KerasTensor, classes: int, recipe: HyperParameters, name: str) -> keras.KerasTensor:
    # The channels of the base differ in size by orders of magnitude.
    x = keras.layers.BatchNormalization(momentum=MOMENTUM, center=False, name=f"{name}_scale")(x)
    x = keras.layers.SpatialDropout2D(CHANNEL_DROPOUT, name=f"{name}_channels")(x)
    for number, side in enumerate((1, 3, 3), 1):
        x = _convolution(x, recipe.hidden, side, f"{name}_conv{number}")
    x = keras.layers.Flatten(name=f"{name}_flatten")(x)
    x = keras.layers.Dropout(recipe.dropout, name=f"{name}_dropout")(x)
    decay = keras.regularizers.L2(DECAY)
    return keras.layers.Dense(classes, kernel_regularizer=decay, name=f"{name}_logits")(x)


def _convolution(x: keras.KerasTensor, channels: int, side: int, name: str) -> keras.KerasTensor:
    decay = keras.regularizers.L2(DECAY)
    layer = keras.layers.Conv2D(
        channels, side, padding="same", use_bias=False, kernel_regularizer=decay, name=name
    )
    x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(layer(x))
    return keras.layers.ReLU(name=f"{name}_relu")(x)
