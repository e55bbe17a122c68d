"""`python -m training evaluate`: how good a model is on photos it never saw."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from training.commands.outputs import MEASURED, check_file, check_outside, check_pictures
from training.console import progress, say
from training.data.dataset import Photo, by_value, people_of
from training.data.photos import load
from training.measuring.evaluation import Evaluation
from training.measuring.metrics import score
from training.measuring.models import Model
from training.measuring.prediction import is_run
from training.plots import plot_confusion

HELP: Final = (
    "Measure a run or an exported model: a table here, JSON and a confusion matrix in the run folder."
)
SPLITS: Final = ("validation", "test", "train", "all")
CHUNK: Final = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument("run", type=Path, help="a run folder, a model.onnx, or a bundle's folder")
    parser.add_argument("data", type=Path, help="a folder of photos, as for `training fit`")
    parser.add_argument(
        "--split",
        choices=SPLITS,
        default="validation",
        help="which photos (all: a folder kept back as a whole)",
    )
    parser.add_argument("--by", metavar="COLUMN", help="also measure each value of this column of labels.csv")
    parser.add_argument(
        "--out", type=Path, help="folder for JSON and PNG (default: the run folder; for a bundle none)"
    )


def run(options: argparse.Namespace) -> int:
    """Measure, print, write; returns 0."""
    check_outside(options, "out")
    folder = options.out or (options.run if is_run(options.run) else None)
    if folder:
        document, picture = _files(folder, options.split)
        check_pictures(folder, [picture.name])
        check_file(document, "--out", ".json", MEASURED)
    model = Model.open(options.run)
    data = model.read(options.data)
    photos = data.photos if options.split == "all" else data.split(options.split)
    model.check(data, photos, options.split)
    if data.skipped:
        say(f"{len(data.skipped)} files or folders left out:")
        for skipped in data.skipped:
            say(f"  {skipped.path}: {skipped.reason}")
    evaluation = measure(model, photos, options.split, options.by)
    for line in evaluation.lines():
        say(line)
    overlap = model.overlap(data, photos)
    if warning := overlap.caveat(options.split):
        say(f"\nNote: {warning}")
    if folder:
        _write(evaluation, overlap.learned, folder)
    return 0


def measure(model: Model, photos: Sequence[Photo], split: str, by: str | None = None) -> Evaluation:
    """Let a model answer for labelled photos, a few at a time, and score the answers.

    `by` names an attribute of the photos whose values are scored on their own too.
    """
    parts = by_value(photos, by)  # first: a column that is not there should not cost minutes
    starts = range(0, len(photos), CHUNK)
    chunks = progress((photos[start : start + CHUNK] for start in starts), "evaluating", total=len(starts))
    answers = np.concatenate([model.probabilities(load(chunk, model.size, model.crop)) for chunk in chunks])
    truth = np.array([model.labels.index(photo.label) for photo in photos], dtype=np.int64)
    people = people_of(photos)
    groups = {
        part: score(answers[rows], truth[rows], people[rows], model.labels) for part, rows in parts.items()
    }
    return Evaluation(model.name, split, score(answers, truth, people, model.labels), groups)


def _files(folder: Path, split: str) -> tuple[Path, Path]:
    """Where the numbers and the confusion matrix of a split go."""
    return folder / f"evaluation-{split}.json", folder / f"confusion-{split}.png"


def _write(evaluation: Evaluation, learned: int | None, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document, picture = _files(folder, evaluation.split)
    numbers = evaluation.document() | {"learned_from": learned}
    document.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    names = [entry.label for entry in evaluation.scores.classes]
    title = f"{evaluation.model}, {evaluation.split}"
    plot_confusion(evaluation.scores.confusion, names, title, picture)
    say(f"\nwritten: {document}, {picture}")
