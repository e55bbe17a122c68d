"""Ask a model about every photo of a folder, and our own backbone what it looks like.

Apart from `suggestions.py`, because scikit-learn and TensorFlow take seconds to import, and nobody needs them
without a model.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.answering.answers import is_typical
from service.errors import UnusableImage
from service.pictures.geometry import RGB, cut
from service.pictures.images import decode
from training.checks.embedding import Vgg16Embedder
from training.checks.mislabelled import components
from training.checks.survey import EYE
from training.console import progress
from training.data.dataset import Photo
from training.data.photos import square
from training.labelling.suggestions import Suggestions
from training.measuring.prediction import open_model, predict

BATCH: Final = 64


def ask_model(model: Path, files: Sequence[Path], wide: bool) -> Suggestions:
    """Let an exported model look at every file once; raises TrainingError where there is no usable model."""
    classifier = open_model(model)
    labels = tuple(label.id for label in classifier.metadata.labels)
    unknown = np.full(len(labels), 1 / len(labels))
    answers = progress(predict(classifier, files, wide), "asking the model", total=len(files))
    rows = [
        unknown
        if answer.probabilities is None or not is_typical(classifier.metadata, answer.typicality)
        else answer.probabilities
        for answer in answers
    ]
    return Suggestions(labels, np.array(rows, dtype=np.float64), _looks(files, wide))


def _looks(files: Sequence[Path], wide: bool) -> NDArray[np.float32]:
    """The main directions of the backbone's features, vectors `[N, D]` of length one."""
    if len(files) < 2:
        return np.ones((len(files), 1), np.float32)
    values = components(np.concatenate(list(_features(files, wide))))
    unit: NDArray[np.float32] = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)
    return unit


def _features(files: Sequence[Path], wide: bool) -> Iterator[NDArray[np.float16]]:
    embed = Vgg16Embedder()
    starts = range(0, len(files), BATCH)
    for start in progress(starts, "comparing the photos", total=len(starts)):
        yield embed(np.stack([_crop(path, wide, embed.size) for path in files[start : start + BATCH]]))


def _crop(path: Path, wide: bool, size: int) -> RGB:
    """What the backbone looks at, `[size, size, 3]`; black where the file shows nothing."""
    try:
        pixels = decode(path.read_bytes(), min_side=2 * size).pixels
    except (OSError, UnusableImage):
        return np.zeros((size, size, 3), np.uint8)
    photo = Photo(path, label="", split="", person="", geometry="wide" if wide else "whole")
    return cut(pixels, square(photo, pixels.shape[1], pixels.shape[0], EYE), size)
