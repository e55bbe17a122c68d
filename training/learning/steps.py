"""One step of training: what is compared with what, and who moves which weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.hyperparameters import HyperParameters


@dataclass(frozen=True)
class Stage:
    """A number of epochs with one step size, or with another one for the base."""

    name: str
    epochs: int
    learning_rate: float
    base_rate: float | None = None
    """Step size of VGG16's own layers; None: that of all others."""


def optimizers(
    model: keras.Model, stage: Stage, recipe: HyperParameters, photos: int
) -> list[tuple[keras.optimizers.Optimizer, list[Any]]]:
    """Who moves which weights: one Adam, or one for VGG16's layers and one for those behind them."""
    base = [
        weight
        for layer in model.layers
        if layer.name.startswith("block") and stage.base_rate is not None
        for weight in layer.trainable_weights
    ]
    others = [weight for weight in model.trainable_weights if not any(weight is one for one in base)]
    steps = stage.epochs * ceil(photos / recipe.batch)
    found = []
    for rate, weights in ((stage.learning_rate, others), (stage.base_rate, base)):
        if rate is not None and weights:
            falling = keras.optimizers.schedules.CosineDecay(rate, steps)
            optimizer = keras.optimizers.Adam(rate if recipe.schedule == "constant" else falling)
            optimizer.build(weights)
            found.append((optimizer, weights))
    return found


def shift(targets: NDArray[np.int64], classes: int, recipe: HyperParameters) -> NDArray[np.float32]:
    """What is added to the logits in training, `[classes]`.

    With the logarithm of each class's share there, the network itself learns what is left when the shares are
    equal (Menon et al., "Long-Tail Learning via Logit Adjustment", ICLR 2021); with a part of it, what lies
    between equal and actual shares.
    """
    counts = np.bincount(targets, minlength=classes)
    if recipe.class_weights != "logits":
        return np.zeros(classes, dtype=np.float32)
    shares = np.maximum(counts, 1) / len(targets)
    return (recipe.logit_shares * np.log(shares)).astype(np.float32)


def step(
    model: keras.Model,
    optimizers: Sequence[tuple[keras.optimizers.Optimizer, list[Any]]],
    added: NDArray[np.float32],
) -> Callable[..., Any]:
    """One step of training; returns the sums of the loss and of the right answers over the batch.

    `added` `[classes]` is added to the logits, see `shift`.
    """
    moved = [weights for _, weights in optimizers]
    several = len(model.output.shape) == 3

    def once(features: Any, truth: Any, importance: Any) -> Any:
        answer = tf.expand_dims(truth, 1) if several else truth
        with tf.GradientTape() as tape:
            logits = model(features, training=True)
            losses = tf.nn.softmax_cross_entropy_with_logits(
                tf.broadcast_to(answer, tf.shape(logits)), logits + added
            )
            # Heads learn side by side, each as fast as one alone: their losses are added.
            losses = (tf.reduce_sum(losses, axis=1) if several else losses) * importance
            loss = tf.reduce_mean(losses) + (tf.add_n(model.losses) if model.losses else 0.0)
        for (optimizer, weights), gradients in zip(optimizers, tape.gradient(loss, moved), strict=True):
            optimizer.apply(gradients, weights)
        mean = tf.reduce_mean(logits, axis=1) if several else logits
        right = tf.equal(tf.argmax(mean, axis=1), tf.argmax(truth, axis=1))
        heads = logits.shape[1] if several else 1
        return tf.reduce_sum(losses) / heads, tf.reduce_sum(tf.cast(right, tf.float32))

    classes = model.output.shape[-1]
    signature = [
        tf.TensorSpec(model.input.shape, tf.float32),
        tf.TensorSpec((None, classes), tf.float32),
        tf.TensorSpec((None,), tf.float32),
    ]
    # XLA fuses Adam's many passes over a dense layer, which halves the step; its convolutions are slow.
    fuse = not any(isinstance(layer, keras.layers.Conv2D) for layer in model._flatten_layers())
    function: Callable[..., Any] = tf.function(once, input_signature=signature, jit_compile=fuse)
    return function
