"""`python -m training report`: how good a model is, where it fails and what it can bear, as one page."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

from training.commands.outputs import MEASURED, REPORT, check_file, check_outside, check_pictures
from training.console import say
from training.errors import TrainingError
from training.measuring.evaluation import explained
from training.measuring.models import check_model
from training.measuring.prediction import is_run, open_model
from training.network.run_folders import CONFIG, PICTURES, REPORT_FOLDER
from training.pages import render, write
from training.plots import plot_confusion

HELP: Final = (
    "Write a report on a run or an exported model: one HTML file that needs nothing else, its curves as PNG "
    "and its numbers as JSON."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument("run", type=Path, help="a run folder, a model.onnx, or a bundle's folder")
    parser.add_argument(
        "data",
        type=Path,
        nargs="?",
        help="a folder of photos, as for `training fit`; with labels.csv every column is measured "
        "(default: the validation photos kept with the run)",
    )
    parser.add_argument(
        "--split", choices=("validation", "test"), default="validation", help="which photos of the folder"
    )
    parser.add_argument(
        "--out", type=Path, help="folder to write to (default: RUN/report; needed for a bundle)"
    )
    parser.add_argument(
        "--robustness",
        type=int,
        default=100,
        metavar="PHOTOS",
        help="photos, spread over the classes, that are blurred, darkened and so on; each is asked about 19 "
        "times more (default: %(default)s; 0: none)",
    )


def run(options: argparse.Namespace) -> int:
    """Measure and write; returns 0."""
    if options.robustness < 0:
        raise TrainingError(f"Expected --robustness from 0. Received: {options.robustness}")
    check_model(options.run)
    if options.out is None and not is_run(options.run):
        # A bundle is meant to be published; a report shows people's photos.
        raise TrainingError(f"Expected --out, a folder for the report on {options.run}. Received: none.")
    check_outside(options, "out")
    folder = options.out or options.run / REPORT_FOLDER
    check_pictures(folder, (f"{name}.png" for name in PICTURES))
    check_file(folder / "report.html", "--out", ".html", REPORT)
    check_file(folder / "report.json", "--out", ".json", MEASURED)
    # Only now, as they import Matplotlib, which takes seconds.
    from training.reporting.report import Report
    from training.reporting.subject import Subject

    subject = Subject.of(options.run, options.data, options.split)
    report = Report.of(subject, options.run, options.robustness)
    page = render("report.html", **report.view(), facts=_facts(options.run))
    write(page, folder / "report.html")
    write(json.dumps(report.document(), indent=2) + "\n", folder / "report.json")
    for name, chart in report.charts.items():
        chart.png(folder / f"{name}.png")
    title = f"{subject.model.name}, {subject.split}"
    plot_confusion(report.scores.confusion, subject.model.labels, title, folder / "confusion.png")
    scores = report.scores
    line = f"accuracy {scores.accuracy.percent()}, balanced {scores.balanced_accuracy.percent()}"
    for text in (line, *filter(None, explained([line]))):
        say(text)
    say(f"written: {folder / 'report.html'} ({len(page) / 1e6:.1f} MB), report.json and PNG files")
    return 0


def _facts(path: Path) -> dict[str, Any]:
    """What is known about the training: photos per split and class, and the recipe."""
    if is_run(path):
        config = json.loads((path / CONFIG).read_bytes())
        data = config["dataset"]
        return {"counts": config["counts"], "recipe": config["hyperparameters"], "dataset": data}
    metadata = open_model(path).metadata
    return {
        "counts": {},
        "recipe": metadata.hyperparameters,
        "dataset": metadata.dataset.model_dump(),
    }
