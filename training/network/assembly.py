"""The classifier: a head on VGG16's features, and both as one network from photo to logits.

The layers are shared between the head, the part that is fine-tuned and the whole network, so that training
one trains the others.
"""

from collections.abc import Sequence
from typing import Final

import keras
import numpy as np

from training.errors import TrainingError
from training.hyperparameters import HyperParameters
from training.network.heads import MEMBERS, build_members

AVERAGE: Final = "average_of_runs"


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


def average(networks: Sequence[keras.Model]) -> keras.Model:
    """One network that gives the mean of the logits of several for the same photo.

    Networks trained from other random numbers, or with another part of the base, err in different places
    (Dietterich, "Ensemble Methods in Machine Learning", 2000). Raises TrainingError unless inputs and classes
    are alike.
    """
    first = networks[0]
    if len(networks) == 1:
        return first
    for other in networks[1:]:
        if (other.input_shape, other.output_shape) != (first.input_shape, first.output_shape):
            raise TrainingError(
                f"Expected networks that are all {first.input_shape} to {first.output_shape}. "
                f"Received: {other.input_shape} to {other.output_shape}."
            )
    image = keras.Input(first.input_shape[1:], name="image", dtype=first.input.dtype)
    each = [
        keras.Model(one.input, one.output, name=f"run{number}")(image)
        for number, one in enumerate(networks, 1)
    ]
    return keras.Model(image, keras.layers.Average(name=AVERAGE)(each), name="average")


def averaged(network: keras.Model) -> list[keras.Model]:
    """The networks that `average` has joined; any other network alone."""
    if network.layers[-1].name != AVERAGE:
        return [network]
    return [layer for layer in network.layers if isinstance(layer, keras.Model)]


def common(networks: Sequence[keras.Model]) -> tuple[keras.Model | None, Sequence[keras.Model]]:
    """The first layers of networks, as far as they are the same in all, and what each does with their output.

    So what networks share, such as the locked layers of VGG16, is computed once. The last map of each stays
    with the rest. None and the network itself where there is only one.
    """
    if len(networks) == 1:
        return None, networks
    chains = [one.layers for one in networks]
    count, last = 1, min(_last_map(layers) for layers in chains)  # the first layer is the input
    while count < last and all(_same(layers[count], chains[0][count]) for layers in chains[1:]):
        count += 1
    image = keras.Input(networks[0].input_shape[1:], dtype=networks[0].input.dtype)
    first = keras.Model(image, _through(chains[0][1:count], image), name="common")
    rests = []
    for layers in chains:
        maps = keras.Input(first.output_shape[1:], dtype=first.output.dtype)
        rests.append(keras.Model(maps, _through(layers[count:], maps)))
    return first, rests


def _last_map(layers: Sequence[keras.Layer]) -> int:
    """The place of the last layer whose output still has a width and a height."""
    return max(place for place, layer in enumerate(layers) if len(layer.output.shape) == 4)


def _same(one: keras.Layer, other: keras.Layer) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return (
        type(one) is type(other) and one.name == other.name and all(np.array_equal(*pair) for pair in pairs)
    )


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
