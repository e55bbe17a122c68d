"""Which places of the picture spoke for which class: nodes of the graph beside the answer.

From the last map of VGG16 on, a head is a chain of linear layers with ReLUs between them. For one picture
each ReLU either passes a unit or not, so the logit of a class is a weighted sum over the map plus constants,
and each place's share of the sum is exact. For a head of global average and softmax this is the class
activation map (Zhou et al., CVPR 2016); for others it is gradient times activation, which for ReLU networks
equals layer-wise relevance propagation (Ancona et al., ICLR 2018). It costs about as much as the head.

A softmax sees only differences of logits, so the mean of the classes is taken from each place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final, Self

import keras
import tensorflow as tf

from training.graph.joining import Joined
from training.network.heads import MEMBERS

TRUNK: Final = "trunk"
"""A name of its own, because Keras numbers those it makes up, and they end in the exported file."""


@dataclass(frozen=True)
class Explained:
    """What a split network says about pictures."""

    logits: Any
    """`[N, C]`."""
    features: Any
    """What the head looks at: `[N, H, W, D]`."""
    evidence: Any
    """`[N, h, w, C]`; the sum over the places is the logit less constants and the mean of the classes."""


@dataclass(frozen=True)
class Split:
    """A network taken apart where its head begins; `of` finds the parts."""

    trunk: keras.Model
    """Pictures to features `[N, H, W, D]`."""
    heads: Joined | None
    """What comes between the features and the chain; None where it is nothing."""
    chain: Sequence[keras.layers.Layer]
    """Layers from a map to the logits."""

    @classmethod
    def of(cls, network: keras.Model) -> Self | None:
        """Take a network apart; None where its head is not of the layers known here."""
        layers = network.layers
        if any(isinstance(layer.input, list | dict) for layer in layers[1:]):
            return None
        image = keras.Input(network.input_shape[1:], dtype=network.input.dtype)
        x, features, start = image, None, 0
        for index, layer in enumerate(layers[1:], 1):
            x = layer(x)
            if len(x.shape) == 4:
                features, start = x, index + 1
        head = layers[start:]
        if features is None or not head:
            return None
        trunk = keras.Model(image, features, name=TRUNK)
        if [layer.name for layer in head] == [MEMBERS, "logits"]:
            heads = Joined.of(head[0])
            return cls(trunk, heads, heads.chain)
        known = isinstance(head[-1], keras.layers.Dense) and all(_is_known(layer) for layer in head)
        return cls(trunk, None, head) if known else None

    def __call__(self, images: Any) -> Explained:
        """Answer and explain RGB `[N, S, S, 3]` as tensors of TensorFlow."""
        features = self.trunk(images, training=False)
        values = features if self.heads is None else self.heads.maps(features)
        logits, evidence = _explain(values, self.chain)
        return Explained(logits, features, evidence - tf.reduce_mean(evidence, axis=-1, keepdims=True))


def explain(splits: Sequence[Split], images: Any) -> Explained:
    """Answer and explain as the mean of several networks with maps of one size; features of the first."""
    if len(splits) == 1:
        return splits[0](images)
    found = []
    for number, split in enumerate(splits, 1):
        with tf.name_scope(f"run{number}"):  # layers of different networks have the same names
            found.append(split(images))
    logits, evidence = (
        sum(getattr(one, name) for one in found) / len(found) for name in ("logits", "evidence")
    )
    return Explained(logits, found[0].features, evidence)


def _is_known(layer: keras.Layer) -> bool:
    if isinstance(layer, keras.layers.Dense):
        return layer.activation in (keras.activations.linear, keras.activations.relu)
    return isinstance(
        layer, keras.layers.Flatten | keras.layers.GlobalAveragePooling2D | keras.layers.Dropout
    )


def _explain(values: Any, chain: Sequence[keras.Layer]) -> tuple[Any, Any]:
    """Logits `[N, C]` of a chain on a map `[N, h, w, D]`, and the share of each place: `[N, h, w, C]`."""
    x, passed = values, []
    for layer in chain:
        if isinstance(layer, keras.layers.Flatten):
            x = tf.reshape(x, (-1, prod(x.shape[1:])))  # the layer's own graph looks at the shape of each map
        else:
            x = layer(x, training=False) if isinstance(layer, keras.layers.Dropout) else layer(x)
        passed.append(x)
    weights: Any = None
    for layer, output in zip(reversed(chain), reversed(passed), strict=True):
        if isinstance(layer, keras.layers.Dense):
            weights = _before(layer, output, weights)
    places = values.shape[1] * values.shape[2]
    if any(isinstance(layer, keras.layers.Flatten) for layer in chain):
        # [(N,) places * D, C]: each value of the map has a weight of its own.
        weights = tf.reshape(weights, (-1, places, values.shape[3], weights.shape[-1]))
        rows = tf.reshape(values, (-1, places, 1, values.shape[3]))
    else:
        weights, rows = weights / places, tf.reshape(values, (-1, places, values.shape[3]))
    shares = tf.matmul(rows, weights)
    return x, tf.reshape(shares, (-1, values.shape[1], values.shape[2], x.shape[-1]))


def _before(layer: keras.layers.Dense, output: Any, weights: Any) -> Any:
    """Weights of a dense layer's inputs in the logits, `[(N,) inputs, C]`, from those of its outputs."""
    kernel = tf.convert_to_tensor(layer.kernel)
    if weights is None:
        return kernel
    if layer.activation is keras.activations.relu:
        weights = tf.cast(output > 0, weights.dtype)[:, :, None] * weights
    # The kernel comes first as it is stored: turned round it would be stored twice.
    return tf.matmul(kernel, weights)
