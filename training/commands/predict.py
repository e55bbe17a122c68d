"""`python -m training predict`: put a path to your pictures, get their classes."""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from service.answering.answers import is_typical
from service.networks.metadata import BundleMetadata
from training.commands.threads import add_threads
from training.console import progress, say
from training.measuring.prediction import Prediction, find_files, open_model, predict
from training.tables import table

UNUSUAL: Final = "unusual"
"""Said of what is not certain because it is not typical, however confident the answer."""
HELP: Final = (
    "Classify files or folder trees with an exported model, by the middle square of each picture: "
    "faces are not looked for (`training crop` does). In folders it looks at files whose names end as "
    "those of pictures do, or have no ending. Exit code 0: every file was classified; 1: some could not be, "
    "each is listed with its reason; 2: nothing to do."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument("model", type=Path, help="a model.onnx, a bundle's folder, or models/<name> (newest)")
    parser.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH", help="files or folder trees of pictures"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a JSON array, one object per line")
    form.add_argument("--csv", action="store_true", help="CSV with one column of probabilities per class")
    parser.add_argument(
        "--wide",
        action="store_true",
        help="the files are eyes cut by `training crop` (2.0 eye widths): look at the model's part of them",
    )
    add_threads(parser)


def run(options: argparse.Namespace) -> int:
    """Classify and print; returns 1 if any file could not be classified."""
    files = find_files(options.paths)
    classifier = open_model(options.model, options.threads)
    results = progress(predict(classifier, files, options.wide), "classifying", total=len(files))
    if options.json:
        return _print_json(results, classifier.metadata)
    if options.csv:
        return _print_csv(results, classifier.metadata)
    return _print_table(list(results), classifier.metadata)


def _print_json(results: Iterable[Prediction], metadata: BundleMetadata) -> int:
    """Stream a JSON array; works for any number of files."""
    failed, separator = 0, ""
    sys.stdout.write("[\n")
    for result in results:
        sys.stdout.write(separator + json.dumps(_document(result, metadata)))
        separator = ",\n"
        failed += result.probabilities is None
    sys.stdout.write("\n]\n")
    return int(failed > 0)


def _document(result: Prediction, metadata: BundleMetadata) -> dict[str, Any]:
    if result.probabilities is None:
        return {"file": str(result.path), "error": result.reason}
    label, confidence, certain = result.answer(metadata)
    ids = [entry.id for entry in metadata.labels]
    probabilities = {
        name: round(float(value), 6) for name, value in zip(ids, result.probabilities, strict=True)
    }
    return {
        "file": str(result.path),
        "label": label,
        "confidence": round(confidence, 6),
        "certain": certain,
        **({} if result.typicality is None else {"typicality": round(result.typicality, 6)}),
        "probabilities": probabilities,
    }


def _print_csv(results: Iterable[Prediction], metadata: BundleMetadata) -> int:
    """Stream CSV; a file that could not be classified has only its name and its error."""
    ids = [label.id for label in metadata.labels]
    names = ["file", "label", "confidence", "certain", "typicality", *(f"p_{name}" for name in ids), "error"]
    writer = csv.DictWriter(sys.stdout, names, restval="", lineterminator="\n")
    writer.writeheader()
    failed = 0
    for result in results:
        row = _document(result, metadata)
        failed += result.probabilities is None
        row.update({f"p_{name}": value for name, value in row.pop("probabilities", {}).items()})
        writer.writerow(row)
    return int(failed > 0)


def _print_table(results: Sequence[Prediction], metadata: BundleMetadata) -> int:
    done = [result for result in results if result.probabilities is not None]
    failed = [result for result in results if result.probabilities is None]
    rows = []
    for result in done:
        label, confidence, certain = result.answer(metadata)
        said = "" if certain else UNUSUAL if _is_unusual(result, metadata) else "not sure"
        rows.append([str(result.path), label, said, f"{confidence:.1%}"])
    if rows:
        for line in table(["file", "class", "", "confidence"], rows, left=3):
            say(line)
        say()
        for line in _counts(done, metadata):
            say(line)
    if failed:
        say(f"\nnot classified: {len(failed)} of {len(results)} files")
        for result in failed:
            say(f"  {result.path}: {result.reason}")
    return int(bool(failed))


def _is_unusual(result: Prediction, metadata: BundleMetadata) -> bool:
    return not is_typical(metadata, result.typicality)


def _counts(done: Sequence[Prediction], metadata: BundleMetadata) -> list[str]:
    labels = [result.answer(metadata)[0] for result in done]
    unsure = sum(not result.answer(metadata)[2] for result in done)
    ids = [label.id for label in metadata.labels if label.id in labels]
    counts = ", ".join(f"{name} {labels.count(name)}" for name in ids)
    lines = [f"{len(done)} files with {metadata.name} {metadata.version}: {counts}; not sure: {unsure}"]
    if unusual := sum(_is_unusual(result, metadata) for result in done):
        lines.append(f"{UNUSUAL}: {unusual} of these are unlike the photos that the model learned from")
    return lines
