"""One face for everything that can be evaluated: a run folder, or an exported model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from service.answering.answers import is_typical
from service.networks.classifier import Classifier
from service.networks.metadata import CropGeometry
from training.data.dataset import Dataset, Photo
from training.data.folders import read_dataset
from training.errors import TrainingError
from training.measuring.overlap import Overlap
from training.measuring.prediction import is_run, model_file, models_beside, open_model

LEAST: Final = 1e-12
"""What a probability counts as at least where its logarithm is taken."""


@dataclass(frozen=True)
class Model:
    """A model that answers, and what is needed to put the right pixels before it."""

    name: str
    labels: tuple[str, ...]
    """Ids in the order of the outputs."""
    size: int
    crop: CropGeometry | None
    fingerprint: str
    """Of the photos it was trained on."""
    learned: frozenset[str] | None
    """Digests of each of them (training/data/learned.py); None where they are not known, as of a bundle."""
    recipe: dict[str, Any]
    """Hyperparameters: the share and seed of the split are among them."""
    probabilities: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    """RGB `[N, S, S, 3]` to `[N, C]`."""
    logits: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    """RGB `[N, S, S, 3]` to `[N, C]`, before the softmax; of an exported model, which tells no more, the
    logarithms of its probabilities."""
    typical: Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
    """RGB `[N, S, S, 3]` to `[N]`: whether a picture is like the training photos, as the bundle decides, or
    the one that `export` makes of a run; true where the model cannot tell. Of others no answer is certain."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a run folder, a `model.onnx`, a bundle's folder or `models/<name>`; raises TrainingError."""
        check_model(path)
        return cls._of_run(path) if is_run(path) else cls._of_bundle(path)

    @classmethod
    def _of_run(cls, path: Path) -> Self:
        # Only runs need Keras, which takes seconds to import.
        from training.network.runs import Run

        run = Run.load(path)
        return cls(
            name=path.name,
            labels=tuple(label.id for label in run.labels),
            size=run.config.hyperparameters.size,
            crop=run.config.crop,
            fingerprint=run.config.dataset.fingerprint,
            learned=run.learned,
            recipe=vars(run.config.hyperparameters),
            probabilities=run.probabilities,
            logits=run.logits,
            typical=run.typical,
        )

    @classmethod
    def _of_bundle(cls, path: Path) -> Self:
        classifier = open_model(path)
        metadata = classifier.metadata
        return cls(
            name=f"{metadata.name} {metadata.version}",
            labels=tuple(label.id for label in metadata.labels),
            size=classifier.input_size,
            crop=metadata.crop,
            fingerprint=metadata.dataset.fingerprint,
            learned=None,
            recipe=metadata.hyperparameters,
            probabilities=classifier.probabilities,
            logits=lambda images: np.log(np.maximum(classifier.probabilities(images), LEAST)),
            typical=partial(_typical, classifier),
        )

    def read(self, root: Path) -> Dataset:
        """The photos in a folder, split as those that it was trained on; raises TrainingError."""
        share, seed = (self.recipe.get(name) for name in ("validation_share", "seed"))
        return read_dataset(root, 0.2 if share is None else share, 1 if seed is None else seed)

    def check(self, data: Dataset, photos: Sequence[Photo], split: str) -> None:
        """Raise TrainingError unless there are photos of a split, and of its classes alone."""
        if not photos:
            raise TrainingError(f"Expected {split} photos in {data.root}. Received: none; see --split.")
        data.check_classes(self.labels, photos)

    def overlap(self, data: Dataset, photos: Sequence[Photo]) -> Overlap:
        """What some photos of a folder have in common with those that it learned from."""
        return Overlap.of(data, photos, self.fingerprint, self.learned)


def _typical(classifier: Classifier, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    found, metadata = classifier.outputs(images).typicality, classifier.metadata
    scores = [None] * len(images) if found is None else found.tolist()
    return np.array([is_typical(metadata, score) for score in scores])


def check_model(path: Path) -> None:
    """Raise TrainingError unless there is a run or an exported model at a path."""
    if not path.exists():
        beside = models_beside(path)
        raise TrainingError(
            f"Expected a run or an exported model. Received: {path}, which does not exist.{beside}"
        )
    if not is_run(path):
        model_file(path)
