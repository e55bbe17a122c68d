"""`python -m training quantize`: a bundle becomes one that computes in int8."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx

from service.bundle import GOLDEN_FILE
from service.metadata import BundleMetadata, GoldenAnswers
from training.bundling import Target
from training.card import CARD_FILE, notes_of
from training.console import say
from training.dataset import Dataset, Photo
from training.errors import TrainingError
from training.folders import read_dataset
from training.golden import golden_pictures
from training.heldout import HeldOut
from training.photos import load
from training.prediction import model_file, open_model
from training.quantization.gate import QuantizationRefused
from training.quantization.pipeline import Material, Source, quantize

HELP: Final = (
    "Write a bundle again with int8 arithmetic, three to four times as fast. "
    "Exit code 1, and nothing written, if accuracy falls by more than half a point or more than 2 % of the "
    "validation photos get another answer."
)
PHOTOS: Final = 128
FLOAT_LAYERS: Final = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument("model", type=Path, help="a model.onnx, a bundle's folder or models/<name>")
    parser.add_argument("data", type=Path, help="the photos the model was trained on, as for `training fit`")
    parser.add_argument("--to", type=Path, required=True, metavar="models/NAME/VERSION", help="a new folder")
    parser.add_argument(
        "--photos",
        type=int,
        default=PHOTOS,
        metavar="N",
        help=f"training photos to calibrate on, and as many again to choose by (default: {PHOTOS})",
    )
    parser.add_argument(
        "--float-layers",
        type=int,
        default=FLOAT_LAYERS,
        metavar="N",
        help="so many layers may stay float32 where int8 hurts most and saves little "
        f"(default: {FLOAT_LAYERS})",
    )
    parser.add_argument(
        "--card-notes",
        type=Path,
        metavar="FILE",
        help="Markdown for the model card (default: what the source's card has)",
    )
    parser.add_argument("--seed", type=int, default=1, help="which photos are drawn (default: 1)")


def run(options: argparse.Namespace) -> int:
    """Quantize; returns 1 if the answers change too much."""
    if options.photos < 1 or options.float_layers < 0:
        raise TrainingError(
            "Expected --photos from 1 and --float-layers from 0. "
            f"Received: {options.photos} and {options.float_layers}."
        )
    target = Target.parse(options.to)
    source = read_source(options.model, options.card_notes)
    material = read_material(source, options.data, options.photos, options.seed)
    try:
        metadata = quantize(source, material, target, options.float_layers)
    except QuantizationRefused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _report(metadata.metrics["quantization"])
    size = (target.folder / "model.onnx").stat().st_size
    say(f"written: {options.to} ({metadata.name} {metadata.version}, {size / 1e6:.1f} MB)")
    return 0


def read_source(path: Path, notes: Path | None) -> Source:
    """Open the bundle to quantize; raises TrainingError where there is none, or it is int8 already."""
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
    except (OSError, ValueError) as error:
        raise TrainingError(f"Expected golden answers, and card notes in UTF-8. Received: {error}") from None
    size = classifier.input_size
    files = [file.parent / "golden" / answer.file for answer in answers]
    return Source(onnx.load(file), metadata, golden_pictures(files, size), text, size)


def _kept_notes(folder: Path, metadata: BundleMetadata) -> str:
    """The author's part of the card in a bundle's folder; empty where there is no card."""
    card = folder / CARD_FILE
    if not card.is_file():
        return ""
    notes = notes_of(card.read_text(encoding="utf-8-sig"), metadata)
    if notes is None:
        say(f"Note: {card} is not as this version writes cards, so no notes are taken from it.")
    return notes or ""


def read_material(source: Source, root: Path, count: int, seed: int) -> Material:
    """Photos for a bundle from its data folder; raises TrainingError where they do not fit."""
    metadata, recipe = source.metadata, source.metadata.hyperparameters
    data = read_dataset(root, recipe.get("validation_share", 0.2), recipe.get("seed", 1))
    _check(metadata, data)
    calibration, tuning = _drawn(data.split("train"), count, seed)
    validation = data.split("validation")
    if not (tuning and validation):
        raise TrainingError(
            f"Expected two training photos of a class and a validation photo in {root}. Received: fewer."
        )
    ids = [label.id for label in metadata.labels]
    first, second = (load(photos, source.size, metadata.crop) for photos in (calibration, tuning))
    return Material(first, second, HeldOut.of(validation, ids, source.size, metadata.crop))


def _check(metadata: BundleMetadata, data: Dataset) -> None:
    known, found = {label.id for label in metadata.labels}, {label.id for label in data.labels}
    if found - known:
        raise TrainingError(
            f"Expected the classes {', '.join(sorted(known))} in {data.root}. "
            f"Received also: {', '.join(sorted(found - known))}"
        )
    if data.facts().fingerprint != metadata.dataset.fingerprint:
        say(
            "Note: these are not the photos the model was trained on. The gate is fair only if it never saw "
            "the validation photos or their people."
        )


def _drawn(photos: Sequence[Photo], count: int, seed: int) -> tuple[list[Photo], list[Photo]]:
    """Two lists of about `count` photos at most: the classes in turn, so that a rare one is in both."""
    by_class: dict[str, list[Photo]] = {}
    for index in np.random.default_rng(seed).permutation(len(photos)):
        by_class.setdefault(photos[index].label, []).append(photos[index])
    turns = [(turn, photo) for group in by_class.values() for turn, photo in enumerate(group)]
    chosen = sorted(turns, key=lambda item: item[0])[: 2 * count]
    first, second = ([photo for turn, photo in chosen if turn % 2 == side] for side in (0, 1))
    return first, second


def _report(found: Mapping[str, Any]) -> None:
    for name in ("float32", "int8"):
        values = found[name]
        say(
            f"{name:8} accuracy {values['accuracy']['value']:.1%}, "
            f"balanced {values['balanced_accuracy']['value']:.1%}"
        )
    say(
        f"same answer for {found['same_answer']:.1%} of {found['images']} validation photos, "
        f"largest difference of a probability {found['largest_difference']:.3f}"
    )
    say(f"in float32: {', '.join(found['float_layers']) or 'no large layer'}")
