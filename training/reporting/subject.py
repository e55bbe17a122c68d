"""What a report is about: a model's answers to photos it never saw, and everything known about the photos."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from training.checks.quality import measure
from training.console import progress, say
from training.data.dataset import Photo, people_of
from training.data.parts import HIDDEN
from training.data.photos import load
from training.errors import TrainingError
from training.measuring.heldout import HeldOut
from training.measuring.models import Model
from training.measuring.prediction import is_run, open_model
from training.network.calibration import calibrate, softmax
from training.network.run_folders import HELD_OUT

MARGIN: Final = 0.25
"""What is kept around a crop on every side, in its sides, so that turning and shifting shows real pixels."""
BATCH: Final = 32

T = TypeVar("T", np.float32, np.bool_)
Logits = NDArray[np.float32]
Probabilities = NDArray[np.float32]


@dataclass(frozen=True)
class Subject:
    """Photos `[M]` with their surroundings, and a model's calibrated answers."""

    model: Model
    split: str
    images: NDArray[np.uint8]
    """What the network looks at: `[M, S, S, 3]`."""
    surroundings: NDArray[np.uint8]
    """RGB `[M, S + 2 margin, S + 2 margin, 3]`; border pixels repeat where nothing more is known."""
    margin: int
    labels: NDArray[np.int64]
    people: NDArray[np.str_]
    files: Sequence[str]
    attributes: Sequence[dict[str, str]]
    logits: Logits
    """As the network answers, `[M, C]`."""
    temperature: float
    """1 for an exported model, which has been calibrated already."""
    threshold: float
    typical: NDArray[np.bool_]
    """Which photos are like the training photos, `[M]`; all of them where the model cannot tell."""

    @property
    def raw(self) -> Probabilities:
        """Answers `[M, C]` before they are calibrated."""
        return softmax(self.logits)

    @property
    def probabilities(self) -> Probabilities:
        """Calibrated answers `[M, C]`."""
        return softmax(self.logits, self.temperature)

    @classmethod
    def of(cls, path: Path, data: Path | None, split: str) -> "Subject":
        """Let a run or bundle answer for the photos kept with the run, or for those in `data`.

        Raises TrainingError.
        """
        model = Model.open(path)
        photos = None if data is None else _photos(model, data, split)
        margin = round(MARGIN * model.size)
        if photos is None:
            kept = _kept(path, split)
            edge = ((0, 0), (margin, margin), (margin, margin), (0, 0))
            images = kept.images
            surroundings = np.pad(images, edge, mode="edge")
            labels, people = kept.labels, kept.people
            files = [f"photo {number + 1}" for number in range(len(labels))]
            attributes: list[dict[str, str]] = [{} for _ in labels]
        else:
            zoom = (model.size + 2 * margin) / model.size
            # Cut on their own: the middle of a wider cut is resampled a little differently, and the numbers
            # here have to be those of `evaluate`.
            images = load(photos, model.size, model.crop)
            surroundings = load(photos, model.size + 2 * margin, model.crop, zoom)
            labels = np.array([model.labels.index(photo.label) for photo in photos], dtype=np.int64)
            people = people_of(photos)
            files = [photo.path.name for photo in photos]
            attributes = [_attributes(photo) for photo in photos]
        logits = in_batches(model.logits, images, "answering")
        temperature, threshold = _calibration(path, model)
        return cls(
            model=model,
            split=split,
            images=images,
            surroundings=surroundings,
            margin=margin,
            labels=labels,
            people=people,
            files=files,
            attributes=attributes,
            logits=logits,
            temperature=temperature,
            threshold=threshold,
            typical=in_batches(model.typical, images, "comparing with training photos"),
        )


def in_batches(
    ask: Callable[[NDArray[np.uint8]], NDArray[T]], images: NDArray[np.uint8], what: str
) -> NDArray[T]:
    """What a model says about pictures `[M, S, S, 3]`, some at a time, with a progress bar."""
    starts = range(0, len(images), BATCH)
    parts = (images[start : start + BATCH] for start in progress(starts, what, total=len(starts)))
    return np.concatenate([ask(np.ascontiguousarray(part)) for part in parts])


def measured(images: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """Brightness and sharpness of pictures `[M, S, S, 3]`, by name."""
    found = [measure(image, image.nbytes) for image in images]
    return {
        "brightness": np.array([one.brightness for one in found]),
        "sharpness": np.array([one.sharpness for one in found]),
    }


def _photos(model: Model, data: Path, split: str) -> Sequence[Photo]:
    dataset = model.read(data)
    photos = dataset.split(split)
    model.check(dataset, photos, split)
    if warning := model.overlap(dataset, photos).caveat(split):
        say(f"Note: {warning}")
    return photos


def _kept(path: Path, split: str) -> HeldOut:
    if split != "validation":
        raise TrainingError(
            f"Expected a data folder for the {split} photos: a run keeps only validation photos."
        )
    if not is_run(path):
        raise TrainingError(
            "Expected a run, which keeps its validation photos, or a data folder after the model. "
            f"Received: {path} alone."
        )
    kept = HeldOut.load(path / HELD_OUT)
    if not len(kept.labels):
        raise TrainingError(f"Expected validation photos in {path}. Received: none; give a data folder.")
    return kept


def _attributes(photo: Photo) -> dict[str, str]:
    return {name: text.strip() for name, text in photo.attributes.items() if name not in HIDDEN}


def _calibration(path: Path, model: Model) -> tuple[float, float]:
    """What `export` would fit on the run's validation photos; an exported model has its own."""
    if is_run(path):
        kept = _kept(path, "validation")
        logits = in_batches(model.logits, kept.images, "calibrating")
        fitted = calibrate(logits, kept.labels, kept.people)
        return fitted.temperature, fitted.threshold
    return 1.0, open_model(path).metadata.threshold
