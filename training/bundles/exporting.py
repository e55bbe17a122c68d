"""From a run to a bundle: calibrate, convert, prove, shrink, prove again, and only then write.

Nothing appears at the target before every check has passed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto
from pydantic import ValidationError

from service.networks.classifier import TYPICALITY
from service.networks.metadata import BundleMetadata, Label
from service.validation import first_fault
from training.bundles.bundling import LICENCE, Target, write_bundle
from training.console import say
from training.data.dataset import count_people
from training.errors import TrainingError
from training.graph.conversion import to_onnx
from training.graph.cost import describe
from training.graph.golden import golden_pictures
from training.graph.parity import (
    Agreement,
    ParityError,
    agreement,
    check_parity,
    outputs_of,
    parity_images,
    run_onnx,
)
from training.graph.storage import TOLERANCE, Storage, store
from training.measuring.evaluation import Evaluation
from training.measuring.heldout import HeldOut
from training.measuring.metrics import score
from training.network.calibration import (
    Calibration,
    calibrate,
    coverage_threshold,
    doubt,
    softmax,
    when_certain,
)
from training.network.typicality import BOUND, Typicality
from training.wording import photos_of

SIZE_LIMIT: Final = 32_000_000
"""Bytes up to which `auto` stores float16; int8 above."""


@dataclass(frozen=True)
class Trained:
    """What export needs to know about a run."""

    network: Any
    """Keras model: RGB `[N, S, S, 3]` 0..255 to logits `[N, C]`, preprocessing inside."""
    facts: Mapping[str, Any]
    """Fields of BundleMetadata that come from the run: crop, hyperparameters, dataset, tools."""
    labels: tuple[Label, ...]
    typicality: Typicality | None = None
    """What training photos are like; None where that is not known."""


@dataclass(frozen=True)
class Options:
    """What the user may choose."""

    storage: Storage | None = None
    """None: float16 where the file stays under 32 MB, int8 otherwise."""
    golden: Sequence[Path] = field(default_factory=tuple)
    description: str = ""
    notes: str = ""
    licence: str = LICENCE
    by: Sequence[str] = field(default_factory=tuple)
    """Columns of `labels.csv` whose parts are measured on their own too."""


def export(trained: Trained, heldout: HeldOut, target: Target, options: Options) -> BundleMetadata:
    """Write a bundle and return its metadata.

    Raises ParityError if the ONNX file does not answer like the network, TrainingError for anything else that
    stands in the way; in both cases nothing is written.
    """
    size = heldout.images.shape[1]
    # First: a photo that cannot be read, or a column that is not there, should not cost minutes.
    golden = golden_pictures(options.golden, size)
    heldout.parts(options.by)
    say(f"calibrating on {photos_of(len(heldout.images), count_people(heldout.people))}")
    logits = _logits(trained.network, heldout.images)
    calibration = calibrate(logits, heldout.labels, heldout.people)
    say(f"temperature {calibration.temperature:.3f}")
    if text := doubt(calibration.temperature):
        say(f"Note: {text}")
    graph = to_onnx(trained.network, calibration.temperature, trained.typicality)
    pictures = parity_images(heldout.images)
    parity = check_parity(
        graph, pictures, softmax(_logits(trained.network, pictures), calibration.temperature)
    )
    say(f"agrees with Keras within {parity.largest_difference:.1e} on {parity.images} pictures")
    storage, small = _shrink(graph, options.storage)
    answers = run_onnx(small, heldout.images, batch=8)
    # Rounded weights move the photo at the edge by more than the threshold is rounded down.
    threshold = coverage_threshold(answers.max(axis=1), heldout.people)
    calibration = replace(calibration, threshold=threshold)
    say(f"not sure under {threshold:.3f}")
    shrinkage = _check_storage(agreement(softmax(logits, calibration.temperature), answers), storage)
    names = [label.id for label in trained.labels]
    scores = score(answers, heldout.labels, heldout.people, names)
    parts = heldout.score_parts(answers, names, options.by)
    evaluation = Evaluation(f"{target.name} {target.version}", "validation", scores, parts)
    measured = _metrics(evaluation, calibration, parity, shrinkage, storage)
    facts = {**trained.facts, "network": describe(graph)}
    typical = None
    if TYPICALITY in outputs_of(small):
        typical = run_onnx(small, heldout.images, batch=8, output=TYPICALITY) >= BOUND
        measured["typicality"] = {"bound": BOUND, "refused": round(float((~typical).mean()), 6)}
        facts["typicality_bound"] = BOUND
    measured["calibration"] |= when_certain(answers, heldout.labels, calibration.threshold, typical)
    metadata = _metadata(replace(trained, facts=facts), target, options, calibration, measured)
    write_bundle(small, metadata, target, golden, options.notes)
    return metadata


def _logits(network: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(network.predict(images, batch_size=32, verbose=0), dtype=np.float32)


def _shrink(graph: ModelProto, storage: Storage | None) -> tuple[Storage, ModelProto]:
    if storage is not None:
        return storage, store(graph, storage)
    half = store(graph, "float16")
    if half.ByteSize() < SIZE_LIMIT:
        return "float16", half
    return "int8", store(graph, "int8")


def _check_storage(found: Agreement, storage: Storage) -> Agreement:
    if not found.largest_difference <= TOLERANCE[storage]:
        raise ParityError(
            f"Storing the weights as {storage} changes a probability by {found.largest_difference:.3f}, "
            f"more than {TOLERANCE[storage]:g}. Nothing was written; choose another --storage."
        )
    say(
        f"weights stored as {storage}: same answer for {found.same_answer:.1%} of {found.images} photos, "
        f"largest difference {found.largest_difference:.4f}"
    )
    return found


def _metrics(
    evaluation: Evaluation,
    calibration: Calibration,
    parity: Agreement,
    shrinkage: Agreement,
    storage: Storage,
) -> dict[str, Any]:
    return {
        "validation": evaluation.document(),
        "calibration": calibration.document(),
        "parity": parity.document(),
        "storage": {"storage": storage, **shrinkage.document()},
    }


def _metadata(
    trained: Trained,
    target: Target,
    options: Options,
    calibration: Calibration,
    metrics: Mapping[str, Any],
) -> BundleMetadata:
    document = {
        **trained.facts,
        "name": target.name,
        "version": target.version,
        "description": options.description,
        "labels": trained.labels,
        "threshold": calibration.threshold,
        "temperature": calibration.temperature,
        "metrics": metrics,
        "licence": options.licence,
    }
    try:
        return BundleMetadata.model_validate(document)
    except ValidationError as error:
        raise TrainingError(f"The bundle's metadata are not valid: {first_fault(error)}") from None
