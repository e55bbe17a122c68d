"""Classify files with an exported model, with the service's own decoding; needs no TensorFlow."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from service.answering.answers import is_typical
from service.errors import InvalidBundle, ServiceError
from service.networks.classifier import Classifier, Probabilities
from service.networks.folders import MODEL_FILE, names, versions
from service.networks.metadata import BundleMetadata
from service.networks.runtime import Runtime
from service.pictures.geometry import RGB
from service.pictures.regions import read_whole
from training.console import quoted
from training.data.dataset import Photo
from training.data.file_names import check_names
from training.data.listing import is_picture
from training.data.photos import looked_at, read_named
from training.data.trees import is_closed, is_endless, tree
from training.errors import TrainingError
from training.network.run_folders import CONFIG

BATCH: Final = 8
NAMED: Final = 10
"""Of the models that may be meant, so many are named."""


@dataclass(frozen=True)
class Prediction:
    """What became of one file: probabilities `[C]` in the order of the labels, or the reason why not."""

    path: Path
    probabilities: Probabilities | None = None
    typicality: float | None = None
    """How usual the picture is among training photos, 0..1, from models that tell."""
    reason: str = ""

    def answer(self, metadata: BundleMetadata) -> tuple[str, float, bool]:
        """The label's id, its confidence and whether the service would call that certain.

        Only where there are probabilities.
        """
        if self.probabilities is None:
            raise ValueError(f"Expected a file that was classified. Received: {self.path} ({self.reason}).")
        best = int(self.probabilities.argmax())
        confidence = float(self.probabilities[best])
        certain = confidence >= metadata.threshold and is_typical(metadata, self.typicality)
        return metadata.labels[best].id, confidence, certain


def open_model(path: Path, threads: int = 0) -> Classifier:
    """Load a `model.onnx`, a bundle's folder, or the newest version in `models/<name>`.

    Raises TrainingError where there is no usable model.
    """
    try:
        return Classifier(model_file(path), Runtime(threads))
    except InvalidBundle as error:
        raise TrainingError(str(error)) from None


def is_run(path: Path) -> bool:
    """Whether a path is a run folder of `training fit`; otherwise it may be an exported model."""
    return (path / CONFIG).is_file()


def model_file(path: Path) -> Path:
    """The `model.onnx` that a user means by a path; raises TrainingError where there is none."""
    if path.is_file():
        return path
    if (path / MODEL_FILE).is_file():
        return path / MODEL_FILE
    found = versions(path)
    if found:
        return path / str(found[-1]) / MODEL_FILE
    if is_run(path):
        raise TrainingError(
            f"Expected an exported model. Received: {path}, a run; export it first: "
            f"python -m training export {quoted(path)} --to models/<name>/1"
        )
    received = "is none of them" if path.exists() else "does not exist"
    raise TrainingError(
        f"Expected a model.onnx, a bundle's folder or models/<name>. Received: {path}, which {received}."
        f"{models_beside(path)}"
    )


def models_beside(path: Path) -> str:
    """A sentence on what may be meant by a path that is no model: versions or names, in it or beside it."""
    with suppress(InvalidBundle):  # of folders that may not be read
        if numbers := versions(path.parent):
            return f" Versions in {path.parent}: {_some(list(map(str, numbers[::-1])))}."
        for folder in (path, path.parent):
            if folder.is_dir() and (found := names(folder)):
                return f" Models in {folder}: {_some(found)}."
    return ""


def _some(words: Sequence[str]) -> str:
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return ", ".join(words[:NAMED]) + more


def find_pictures(
    paths: Iterable[Path], tell_closed: Callable[[Path], object] = lambda _: None
) -> list[Path]:
    """The files to classify: named files whatever they are called, the pictures in folder trees by alphabet.

    Hidden files and folders are left out, folders that may not be read told. Raises TrainingError for a path
    that does not exist, for a name that is not UTF-8, and where there is no picture at all.
    """
    return _find(paths, lambda path: is_picture(path) and path.is_file(), tell_closed)


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The same with pictures whose names have no ending, links that lead nowhere and folders kept shut."""

    def is_wanted(path: Path) -> bool:
        if path.is_dir():
            return is_closed(path)
        return (is_picture(path) or not path.suffix) and not is_endless(path)

    return _find(paths, is_wanted, lambda _: None)


def _find(
    paths: Iterable[Path], is_wanted: Callable[[Path], bool], tell_closed: Callable[[Path], object]
) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(filter(is_wanted, (path, *tree(path, tell_closed))))
        elif path.exists():
            files.append(path)
        else:
            raise TrainingError(f"Expected a file or a folder. Received: {path}, which does not exist.")
    if not files:
        raise TrainingError("Expected pictures. Received: folders without any.")
    check_names(files)
    return list(dict.fromkeys(files))


def predict(
    classifier: Classifier, files: Sequence[Path], wide: bool = False, batch: int = BATCH
) -> Iterator[Prediction]:
    """Classify files in order, `batch` at a time; an unusable file becomes a prediction with a reason.

    `wide` says that the files are eyes cut by `training crop`: the model then looks at its own part of them.
    """
    for start in range(0, len(files), batch):
        chunk = files[start : start + batch]
        pictures = [_read(path, classifier, wide) for path in chunk]
        usable = [picture for picture in pictures if not isinstance(picture, str)]
        answers = _answers(classifier, usable)
        for path, picture in zip(chunk, pictures, strict=True):
            if isinstance(picture, str):
                yield Prediction(path, reason=picture)
            else:
                yield Prediction(path, *next(answers))


def _answers(classifier: Classifier, pictures: Sequence[RGB]) -> Iterator[tuple[Probabilities, float | None]]:
    """Probabilities and typicality of each picture."""
    if not pictures:
        return
    found = classifier.outputs(np.stack(pictures))
    for number, row in enumerate(found.probabilities):
        yield row, None if found.typicality is None else float(found.typicality[number])


def _read(path: Path, classifier: Classifier, wide: bool) -> RGB | str:
    """The pixels the model looks at, `[S, S, 3]`, or why there are none."""
    try:
        data = read_named(path)
        if not wide:
            return read_whole(data, classifier.input_size)
        eye = Photo(path, label="", split="", person="", geometry="wide")
        return looked_at(eye, data, classifier.input_size, classifier.metadata.crop)
    except ServiceError as error:
        return str(error)
    except OSError as error:
        return f"The {'folder' if path.is_dir() else 'file'} cannot be read ({error.strerror})."
