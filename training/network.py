"""The classifier: a head on VGG16's features, and both as one network from photo to logits.

The layers are shared between the head, the part that is fine-tuned and the whole network, so that training
one trains the others.
"""

import keras

from training.heads import MEMBERS, build_members
from training.hyperparameters import HyperParameters


def build_head(features: tuple[int, ...], classes: int, recipe: HyperParameters) -> keras.Model:
    """Features `[N, H, W, C]` to logits `[N, classes]`; loss and export add the softmax."""
    inputs = keras.Input(features, name="features")
    if recipe.head == "conv":
        each = build_members(features, classes, recipe)(inputs)
        return keras.Model(inputs, keras.layers.GlobalAveragePooling1D(name="logits")(each), name="head")
    if recipe.head == "gap":
        x = keras.layers.GlobalAveragePooling2D(name="average")(inputs)
    else:
        x = keras.layers.Flatten(name="flatten")(inputs)
        x = keras.layers.Dense(recipe.hidden, activation="relu", name="hidden")(x)
    x = keras.layers.Dropout(recipe.dropout, name="dropout")(x)
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(x), name="head")


def assemble(base: keras.Model, head: keras.Model) -> keras.Model:
    """The whole network, layer after layer: `image` `[N, S, S, 3]`, RGB 0..255, to logits `[N, classes]`."""
    return keras.Model(base.input, _through(head.layers[1:], base.output), name="classifier")


def part(network: keras.Model, start: str, end: str = "logits") -> keras.Model:
    """The layers of a whole network behind `start` up to `end`, on the output of `start`."""
    names = [layer.name for layer in network.layers]
    layers = network.layers[names.index(start) + 1 : names.index(end) + 1]
    inputs = keras.Input(network.get_layer(start).output.shape[1:], name="features")
    return keras.Model(inputs, _through(layers, inputs), name=f"{start}_to_{end}")


def trained_part(network: keras.Model, start: str) -> keras.Model:
    """As `part`, to the logits that the loss is about: those of every head where several are averaged."""
    names = [layer.name for layer in network.layers]
    return part(network, start, MEMBERS if MEMBERS in names else "logits")


def unlock(network: keras.Model, cut: str) -> None:
    """Make the layers behind `cut` trainable and lock those up to it."""
    locked = True
    for layer in network.layers:
        layer.trainable = not locked
        locked = locked and layer.name != cut


def _through(layers: list[keras.Layer], x: keras.KerasTensor) -> keras.KerasTensor:
    for layer in layers:
        x = layer(x)
    return x
