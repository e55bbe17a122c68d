"""What it takes to write a bundle again, with other arithmetic or fewer channels: the bundle and photos."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto
from pydantic import ValidationError

from service.answering.model_info import quality
from service.networks.bundle import GOLDEN_FILE
from service.networks.metadata import BundleMetadata, GoldenAnswers, NetworkFacts
from service.pictures.geometry import RGB
from service.validation import first_fault
from training.bundles.bundling import Target, write_bundle
from training.bundles.card import CARD_FILE, notes_of
from training.bundles.gate import Verdict, compare
from training.console import say
from training.data.dataset import Photo
from training.data.file_names import is_plain
from training.data.folders import read_dataset
from training.data.photos import load
from training.errors import TrainingError
from training.graph.golden import golden_pictures
from training.measuring.evaluation import Evaluation
from training.measuring.heldout import HeldOut
from training.measuring.prediction import model_file, open_model

Draw = Callable[[Sequence[Photo], int, int], tuple[list[Photo], list[Photo]]]
"""Photos to measure by and others to choose by: from all training photos, at most so many, and a seed."""


@dataclass(frozen=True)
class Source:
    """The bundle that is written again."""

    model: ModelProto
    metadata: BundleMetadata
    golden: list[RGB]
    """The pictures of its golden answers, at the input size."""
    notes: str
    """The author's part of the model card."""
    size: int
    """Side of the input in pixels."""


@dataclass(frozen=True)
class Material:
    """The photos it takes, RGB `[M, S, S, 3]`; none of the first two may be a validation photo."""

    measuring: NDArray[np.uint8]
    """What a network does with these decides what becomes of it."""
    choosing: NDArray[np.uint8]
    """Which of several ways is best is told by these."""
    validation: HeldOut


def read_source(path: Path, notes: Path | None) -> Source:
    """Open the bundle to start from; raises TrainingError where there is none, or it is int8 already."""
    file = model_file(path)
    classifier = open_model(file)
    metadata = classifier.metadata
    if metadata.network is not None and metadata.network.arithmetic == "int8":
        raise TrainingError(f"Expected a model that computes in float32. Received: {file}, which is int8.")
    if metadata.metrics.get("storage", {}).get("storage") == "int8":
        say("Note: this bundle stores rounded weights. Export with --storage float16 to round only once.")
    try:
        text = notes.read_text(encoding="utf-8-sig") if notes else _kept_notes(file.parent, metadata)
        answers = GoldenAnswers.read(file.parent / GOLDEN_FILE).answers
    except ValidationError as error:
        raise TrainingError(
            f"Expected golden answers in {file.parent / GOLDEN_FILE}. {first_fault(error)}"
        ) from None
    except (OSError, ValueError) as error:
        raise TrainingError(f"Expected golden answers, and card notes in UTF-8. Received: {error}") from None
    size = classifier.input_size
    files = [_golden(file.parent, answer.file) for answer in answers]
    return Source(onnx.load(file), metadata, golden_pictures(files, size), text, size)


def _golden(folder: Path, name: str) -> Path:
    """The golden photo of this name in a bundle's folder; a bundle from elsewhere may name any file here."""
    if not is_plain(name):
        raise TrainingError(
            f"Expected files of the same folder in {folder / GOLDEN_FILE}. Received: {name!r}"
        )
    return folder / "golden" / name


def _kept_notes(folder: Path, metadata: BundleMetadata) -> str:
    """The author's part of the card in a bundle's folder; empty where there is no card."""
    card = folder / CARD_FILE
    if not card.is_file():
        return ""
    notes = notes_of(card.read_text(encoding="utf-8-sig"), metadata)
    if notes is None:
        say(f"Note: {card} is not as this version writes cards, so no notes are taken from it.")
    return notes or ""


def read_material(source: Source, root: Path, draw: Draw, count: int, seed: int) -> Material:
    """Photos for a bundle from its data folder, of the training ones about `count` to measure by.

    Raises TrainingError where they do not fit, and for a bundle that was not measured as ours are.
    """
    metadata, recipe = source.metadata, source.metadata.hyperparameters
    if quality(metadata.metrics) is None or "calibration" not in metadata.metrics:
        raise TrainingError(
            "Expected a bundle of `training export`, which tells how good its model is. "
            f"Received: {metadata.name} {metadata.version}, which does not."
        )
    data = read_dataset(root, recipe.get("validation_share", 0.2), recipe.get("seed", 1))
    ids = [label.id for label in metadata.labels]
    data.check_classes(ids, data.photos)
    data.check_training_photos(metadata.dataset.fingerprint)
    measuring, choosing = draw(data.split("train"), count, seed)
    validation = data.split("validation")
    if not (measuring and choosing and validation):
        raise TrainingError(
            f"Expected two training photos of a class and a validation photo in {root}. Received: fewer."
        )
    first, second = (load(photos, source.size, metadata.crop) for photos in (measuring, choosing))
    return Material(first, second, HeldOut.of(validation, ids, source.size, metadata.crop))


def in_turn(photos: Sequence[Photo], count: int, seed: int) -> tuple[list[Photo], list[Photo]]:
    """Two lists of about `count` photos: the classes in turn, so that a rare one is in both.

    Where there are more classes than that, a photo of each.
    """
    by_class: dict[str, list[Photo]] = {}
    for index in np.random.default_rng(seed).permutation(len(photos)):
        by_class.setdefault(photos[index].label, []).append(photos[index])
    turns = [(turn, photo) for group in by_class.values() for turn, photo in enumerate(group)]
    turns.sort(key=lambda item: item[0])
    most = max(count, len(by_class))
    first, second = ([photo for turn, photo in turns if turn % 2 == side][:most] for side in (0, 1))
    return first, second


def as_they_come(photos: Sequence[Photo], count: int, seed: int) -> tuple[list[Photo], list[Photo]]:
    """A list of at most `count` photos, and a tenth of all for the other; classes as frequent as they are."""
    shuffled = [photos[index] for index in np.random.default_rng(seed).permutation(len(photos))]
    kept = -(-len(photos) // 10)
    return shuffled[kept:][:count], shuffled[:kept]


def _columns(source: BundleMetadata, photos: HeldOut) -> list[str]:
    """The columns by which the source was measured, as far as these photos have them."""
    groups = source.metrics["validation"].get("groups", {})
    return [
        column
        for column in dict.fromkeys(name.partition("=")[0] for name in groups)
        if column in photos.columns
    ]


def _remeasured(source: BundleMetadata, target: Target, verdict: Verdict) -> dict[str, Any]:
    """The metrics of the bundle that is written: the source's, as far as they were not measured again."""
    evaluation = Evaluation(f"{target.name} {target.version}", "validation", verdict.after, verdict.parts)
    metrics = {
        **source.metrics,
        "validation": evaluation.document(),
        "calibration": {**source.metrics["calibration"], **verdict.certain},
    }
    if verdict.untypical is not None:
        known = source.metrics.get("typicality", {"bound": source.typicality_bound})
        metrics["typicality"] = {**known, "refused": verdict.untypical[1]}
    return metrics


def judge(source: Source, material: Material, before: ModelProto, after: ModelProto) -> Verdict:
    """Compare two graphs on the validation photos, and on the parts that the source was measured on."""
    by = _columns(source.metadata, material.validation)
    return compare(before, after, material.validation, source.metadata, by)


def write_again(
    source: Source,
    target: Target,
    model: ModelProto,
    verdict: Verdict,
    network: NetworkFacts,
    **found: Mapping[str, Any],
) -> BundleMetadata:
    """Write a bundle with another graph and return its metadata, with `found` among its metrics."""
    changes = {
        "name": target.name,
        "version": target.version,
        "metrics": {**_remeasured(source.metadata, target, verdict), **found},
        "network": network,
    }
    metadata = source.metadata.model_copy(update=changes)
    write_bundle(model, metadata, target, source.golden, source.notes)
    return metadata
