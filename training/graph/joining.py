"""Heads that were trained side by side, computed as one: the same sums in a few large steps.

Each head of training/network/heads.py is a chain of small layers, and calling them costs more than their
arithmetic. The first convolutions of all heads look at the same map, so they are one with more channels. Each
of the next sees only the channels of its own head, which is one convolution in groups (Krizhevsky et al.,
"ImageNet Classification with Deep Convolutional Neural Networks", NeurIPS 2012). The mean of the logits is
one dense layer on all last maps. And the norms, which are linear once they are trained, are a part of the
kernels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

NAME: Final = "heads"
"""Begins the names of what the heads have become."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution with bias and ReLU, of one head or of several side by side."""

    kernel: Floats
    """`[h, w, channels in, channels out]`; as many groups as the channels in fit into those of the maps."""
    bias: Floats
    """`[channels out]`."""

    def __call__(self, maps: Any) -> Any:
        """Maps `[N, H, W, D]` to maps of the same size, as tensors of TensorFlow."""
        # Not as a layer of Keras: on a CPU that would make a function of the groups which cannot be exported.
        kernel = self.kernel.astype(np.float32)
        sums = tf.nn.conv2d(maps, kernel, strides=1, padding="SAME")
        return tf.nn.relu(tf.nn.bias_add(sums, self.bias.astype(np.float32)))


@dataclass(frozen=True, eq=False)
class Joined:
    """Several heads as one; `of` joins them."""

    convolutions: Sequence[Convolution]
    chain: Sequence[keras.layers.Layer]
    """From the last map to the mean of the heads' logits: flatten and a dense layer."""

    @classmethod
    def of(cls, members: keras.Model) -> Self:
        """Join the heads of `build_members`; the answer is theirs when they are not trained."""
        count = sum(layer.name.endswith("_logits") for layer in members.layers)
        names = [f"head{number}" for number in range(1, count + 1)]
        each = [list(_convolutions(members, name)) for name in names]
        convolutions = [_side_by_side(place) for place in zip(*each, strict=True)]
        return cls(convolutions, _chain(members, names))

    def maps(self, features: Any) -> Any:
        """Features `[N, H, W, D]` to the last maps of all heads, `[N, H, W, heads * hidden]`."""
        for number, convolution in enumerate(self.convolutions, 1):
            with tf.name_scope(f"{NAME}_conv{number}"):
                features = convolution(features)
        return features


def _convolutions(members: keras.Model, head: str) -> Iterator[Convolution]:
    """A head's convolutions with the norms before and behind them."""
    before_scale, before_shift = _norm(members.get_layer(f"{head}_scale"))
    for number in (1, 2, 3):
        (kernel,) = members.get_layer(f"{head}_conv{number}").get_weights()
        scale, bias = _norm(members.get_layer(f"{head}_conv{number}_norm"))
        if number == 1:
            # Exact because it looks at one place: a border of zeros would know no shift.
            bias = bias + scale * (before_shift @ kernel[0, 0])
            kernel = kernel * before_scale[:, None]
        yield Convolution(kernel * scale, bias)


def _norm(layer: keras.layers.BatchNormalization) -> tuple[Floats, Floats]:
    """What a norm multiplies by and then adds, for each channel."""
    scale = np.asarray(layer.gamma, np.float64) / np.sqrt(np.asarray(layer.moving_variance) + layer.epsilon)
    shift = -scale * np.asarray(layer.moving_mean)
    return scale, shift if layer.beta is None else shift + np.asarray(layer.beta)


def _side_by_side(each: Sequence[Convolution]) -> Convolution:
    return Convolution(
        np.concatenate([one.kernel for one in each], axis=-1), np.concatenate([one.bias for one in each])
    )


def _chain(members: keras.Model, names: Sequence[str]) -> Sequence[keras.layers.Layer]:
    shape = members.get_layer(f"{names[0]}_flatten").input.shape[1:]
    kernels, biases = zip(*(members.get_layer(f"{name}_logits").get_weights() for name in names), strict=True)
    classes = len(biases[0])
    # The weights of one place and one head are neighbours, as are the values that they are multiplied with.
    rows = [kernel.reshape(shape[0] * shape[1], shape[2], classes) for kernel in kernels]
    kernel = np.concatenate(rows, axis=1).reshape(-1, classes) / len(names)
    last = keras.Input((*shape[:2], len(names) * shape[2]))
    chain = keras.layers.Flatten(name=f"{NAME}_flatten"), keras.layers.Dense(classes, name=f"{NAME}_logits")
    chain[1](chain[0](last))
    chain[1].set_weights([kernel, np.mean(biases, axis=0)])
    return chain
