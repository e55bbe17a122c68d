"""Train the part of a network behind its cached features, and keep its best epoch."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.console import progress
from training.hyperparameters import HyperParameters
from training.learning.steps import Stage, optimizers, shift, step
from training.measuring.metrics import confusion_matrix

Logits = NDArray[np.float32]

AHEAD: Final = 1e-6
"""By how much a label's share is above chance at least."""
DIGITS: Final = 9
"""To which balanced accuracies are compared: the same mean, of other recalls, differs in the last bit."""


@dataclass(frozen=True)
class Examples:
    """Features of photos in one or more versions, and the right answers."""

    features: NDArray[np.float16]
    """`[versions, N, H, W, C]`."""
    targets: NDArray[np.int64]
    """Index of the right class, `[N]`."""
    certainty: NDArray[np.float32] | None = None
    """How sure the label is, `[N]`, 0..1; None: entirely."""

    def truth(self, classes: int, smoothing: float = 0.0) -> NDArray[np.float32]:
        """The share of every class in every photo's label, `[N, classes]`; a part may be spread over all."""
        sure = np.ones(len(self.targets)) if self.certainty is None else self.certainty
        # Raters who agree on less than chance would have made the label the least likely of all. It stays
        # just ahead, because the accuracy in training is about the class with the largest share.
        sure = np.maximum(sure, 1 / classes + AHEAD)
        rest = (1 - sure) / (classes - 1)
        truth = np.eye(classes)[self.targets] * (sure - rest)[:, None] + rest[:, None]
        return (truth * (1 - smoothing) + smoothing / classes).astype(np.float32)

    def versions(self, epochs: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Which version of each photo an epoch shows, `[epochs, N]`: all of them before one comes again."""
        count, photos = len(self.features), len(self.targets)
        rounds = [
            rng.permuted(np.tile(np.arange(count)[:, None], photos), axis=0)
            for _ in range(ceil(epochs / count))
        ]
        return np.concatenate(rounds)[:epochs]

    def batches(
        self, size: int, rng: np.random.Generator, versions: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[Any], NDArray[np.int64]]]:
        """One epoch: every photo once, in this version, in random order; features and row numbers."""
        order = rng.permutation(len(self.targets))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            yield self.features[versions[rows], rows].astype(np.float32), rows


@dataclass(frozen=True)
class Epoch:
    """One row of the history; losses in nats, of the training photos under dropout."""

    number: int
    stage: str
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    val_balanced_accuracy: float
    seconds: float


class Best:
    """The best epoch so far and the weights it had."""

    def __init__(self, model: keras.Model, by: str) -> None:
        self._model = model
        self._by = by
        self._weights: list[NDArray[Any]] = []
        self.epoch: Epoch | None = None

    def offer(self, epoch: Epoch) -> bool:
        """Keep the model's present weights if this epoch is better than all before."""
        if self.epoch is not None and self._rank(epoch) <= self._rank(self.epoch):
            return False
        weights = self._model.get_weights()
        self._weights, self.epoch = weights, epoch
        return True

    def restore(self) -> None:
        """Give the model back its best weights."""
        if self._weights:
            self._model.set_weights(self._weights)

    def _rank(self, epoch: Epoch) -> tuple[float, float]:
        if self._by == "last":
            return float(epoch.number), 0.0
        # A training that has diverged has a loss that is no number: the worst of all.
        low = -epoch.val_loss if np.isfinite(epoch.val_loss) else -np.inf
        found = round(epoch.val_balanced_accuracy, DIGITS)
        if self._by == "loss":
            return low, found
        return (found if np.isfinite(low) else -np.inf), low


def class_weights(targets: NDArray[np.int64], classes: int, kind: str) -> NDArray[np.float32]:
    """The weight of each class's photos, `[classes]`; the mean over the photos is 1.

    Only the kind `balanced` weighs classes differently.
    """
    counts = np.bincount(targets, minlength=classes)
    if kind != "balanced":
        return np.ones(classes, dtype=np.float32)
    share = len(targets) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return share.astype(np.float32)


def fit(
    model: keras.Model,
    train: Examples,
    validation: Examples,
    stage: Stage,
    recipe: HyperParameters,
    start: int,
    record: Callable[[Epoch], None],
) -> None:
    """Run one stage; `record` is told of every epoch, counted from `start`.

    The model takes features `[N, H, W, C]` and gives logits `[N, C]`, or those of K heads `[N, K, C]`: then
    each head learns on its own, and what is measured is their mean. KeyboardInterrupt ends it between two
    steps.
    """
    rng = np.random.default_rng([recipe.seed, start])
    classes = model.output.shape[-1]
    weights = class_weights(train.targets, classes, recipe.class_weights)
    truth = train.truth(classes, recipe.label_smoothing)
    movers = optimizers(model, stage, recipe, len(train.targets))
    once = step(model, movers, shift(train.targets, classes, recipe))
    forward = _forward(model)
    # Logits trained with the classes' shares added are about classes of the same size.
    kind = "none" if recipe.class_weights == "none" else "balanced"
    shown = train.versions(stage.epochs, rng)
    for number in progress(range(start, start + stage.epochs), f"training the {stage.name}"):
        began = time.perf_counter()
        sums = np.zeros(2)
        for features, rows in train.batches(recipe.batch, rng, shown[number - start]):
            importance = weights[train.targets[rows]]
            sums += np.array([float(value) for value in once(features, truth[rows], importance)])
        loss, accuracy = sums / len(train.targets)
        logits = _collect(forward, validation.features[0])
        measured = measure(logits, validation.targets, kind)
        record(Epoch(number, stage.name, loss, accuracy, *measured, time.perf_counter() - began))


def answers(model: keras.Model, features: NDArray[np.float16], batch: int = 64) -> NDArray[np.float32]:
    """A model's output for `[N, H, W, C]`, a batch at a time; that of several heads is averaged."""
    return _collect(_forward(model), features, batch)


def _collect(
    forward: Callable[[NDArray[Any]], Any], features: NDArray[np.float16], batch: int = 64
) -> NDArray[np.float32]:
    starts = range(0, len(features), batch)
    parts = [np.asarray(forward(features[at : at + batch].astype(np.float32))) for at in starts]
    output = np.concatenate(parts)
    return output.mean(axis=1) if output.ndim == 3 else output


def measure(logits: Logits, targets: NDArray[np.int64], kind: str) -> tuple[float, float, float]:
    """Loss (weighted as in training), accuracy and balanced accuracy of logits `[N, classes]`."""
    classes = logits.shape[1]
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(targets)), targets]
    loss = np.mean(losses * class_weights(targets, classes, kind)[targets])
    confusion = confusion_matrix(targets, logits.argmax(axis=1), classes)
    counts = confusion.sum(axis=1)
    recall = confusion.diagonal()[counts > 0] / counts[counts > 0]
    return float(loss), float(confusion.trace() / len(targets)), float(recall.mean())


def _forward(model: keras.Model) -> Callable[[NDArray[Any]], Any]:
    signature = [tf.TensorSpec(model.input.shape, tf.float32)]
    function: Callable[[NDArray[Any]], Any] = tf.function(
        lambda features: model(features, training=False), input_signature=signature
    )
    return function
