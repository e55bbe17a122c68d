"""A model's bundle: `model.onnx` and golden answers, loaded and verified."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from service.errors import InvalidBundle, ServiceError
from service.networks.classifier import Classifier, Probabilities
from service.networks.folders import MODEL_FILE, check_files, named
from service.networks.metadata import BundleMetadata, GoldenAnswers
from service.networks.runtime import ON_CPU, Runtime
from service.pictures.geometry import RGB
from service.pictures.regions import read_whole
from service.validation import first_fault

GOLDEN_FILE = "golden/answers.json"


@dataclass(frozen=True)
class Bundle:
    """A loaded, verified bundle."""

    folder: Path
    classifier: Classifier
    sha256: str
    """Digest of `model.onnx`, hexadecimal."""

    @property
    def metadata(self) -> BundleMetadata:
        """What the model says about itself."""
        return self.classifier.metadata


def load(folder: Path, runtime: Runtime = ON_CPU) -> Bundle:
    """Load a bundle, check that its name and version match its folder, and ask for its golden answers.

    Raises InvalidBundle with a one-line reason.
    """
    check_files(folder)
    path = folder / MODEL_FILE
    classifier = Classifier(path, runtime)
    metadata = classifier.metadata
    if (metadata.name, str(metadata.version)) != (folder.parent.name, folder.name):
        raise InvalidBundle(
            f"{path}: expected the model {folder.parent.name!r} version {folder.name}. "
            f"Received: {metadata.name!r} version {metadata.version}."
        )
    bundle = Bundle(folder, classifier, _sha256(path))
    verify_golden(bundle)
    return bundle


def verify_golden(bundle: Bundle) -> None:
    """Classify the golden photos; raises InvalidBundle where an answer is not the expected one."""
    path = bundle.folder / GOLDEN_FILE
    try:
        golden = GoldenAnswers.read(path)
    except OSError:
        raise InvalidBundle(f"{path}: expected the golden answers. Received: no readable file.") from None
    except ValidationError as error:
        raise InvalidBundle(f"{path}: {first_fault(error)}") from None
    tolerance = bundle.metadata.golden_tolerance
    for expected in golden.answers:
        photo = named(path, expected.file)
        try:
            picture = read_whole(photo.read_bytes(), bundle.classifier.input_size)
        except (OSError, ServiceError) as error:
            raise InvalidBundle(f"{photo}: {error}") from None
        received = _ask(bundle, picture, expected.file)
        if len(received) != len(expected.probabilities):
            raise InvalidBundle(f"{path}: expected {len(received)} probabilities for {expected.file}.")
        worst = float(np.abs(received - np.asarray(expected.probabilities)).max())
        if not worst <= tolerance:
            raise InvalidBundle(
                f"{path}: the answer for {expected.file} differs by {worst:.4f} (tolerance {tolerance})."
            )


def _ask(bundle: Bundle, picture: RGB, file: str) -> Probabilities:
    try:
        answer = bundle.classifier.outputs(picture[None])
    except Exception as error:  # ONNX Runtime raises its own unrelated classes
        reason = str(error).partition("\n")[0]
        raise InvalidBundle(f"{bundle.folder}: the model fails on {file}: {reason}") from error
    if answer.typicality is not None and not 0 <= answer.typicality[0] <= 1:
        received = f"Received: {answer.typicality[0]:g}"
        raise InvalidBundle(f"{bundle.folder}: expected a typicality of 0 to 1 for {file}. {received}.")
    row: Probabilities = answer.probabilities[0]
    return row


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
