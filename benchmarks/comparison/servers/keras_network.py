"""The Keras networks that are compared: what an exported model computes, and what tutorials show.

The heads have random weights, the same in every process: they cost what trained ones cost.
"""

from collections.abc import Sequence
from typing import Final

import keras

from service.networks.metadata import BundleMetadata
from training.hyperparameters import HyperParameters, recipes_of
from training.network import backbone
from training.network.assembly import assemble, build_head, part
from training.network.weight_files import first_channels

TUTORIAL: Final = HyperParameters(size=224)


def build(kind: str, metadata: BundleMetadata) -> keras.Model:
    """RGB `[N, S, S, 3]` 0..255 to probabilities `[N, C]`.

    `same` is the architecture of the exported model in float32, `tutorial` the whole VGG16 at 224 pixels with
    a dense layer.
    """
    keras.utils.set_random_seed(0)
    classes = len(metadata.labels)
    if kind == "tutorial":
        network = _network(TUTORIAL, classes, ())
    else:
        channels = metadata.network.channels if metadata.network else None
        network = _of_runs(recipes_of(metadata.hyperparameters), classes, channels or ())
    return keras.Model(network.input, keras.layers.Softmax()(network.output))


def _of_runs(recipes: Sequence[HyperParameters], classes: int, channels: Sequence[int]) -> keras.Model:
    """The mean of the networks of several runs; what stayed locked in all of them is computed once.

    So it is in the exported graph: it would be unfair to let Keras compute it for each.
    """
    networks = [_network(recipe, classes, channels) for recipe in recipes]
    first = networks[0]
    if len(networks) == 1:
        return first
    locked = min(recipe.cut for recipe in recipes)  # block2_pool comes before block3_pool
    maps = first.get_layer(locked).output
    rests = [part(network, locked) for network in networks]
    logits = [
        keras.Model(rest.input, rest.output, name=f"run{number}")(maps)
        for number, rest in enumerate(rests, 1)
    ]
    return keras.Model(first.input, keras.layers.Average()(logits))


def _network(recipe: HyperParameters, classes: int, channels: Sequence[int]) -> keras.Model:
    # Any channels cost what the right ones cost.
    weights = first_channels(backbone.load_weights(), channels)
    base = backbone.build(recipe.size, weights, recipe.end)
    return assemble(base, build_head(tuple(base.output.shape[1:]), classes, recipe))
