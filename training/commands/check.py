"""`python -m training check`: the x-ray of a data set, as a table, JSON, an HTML report and a gate."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from training.checks.embedding import Vgg16Embedder
from training.checks.findings import BY_NETWORK, KINDS
from training.checks.survey import survey
from training.commands.outputs import check_file, check_outside
from training.commands.seeds import add_seed
from training.console import say
from training.errors import TrainingError
from training.pages import write
from training.tables import table

if TYPE_CHECKING:
    from training.checks.inspection import Inspection

HELP: Final = (
    "Look through a folder of labelled photos: files that cannot be read, duplicates in disguise, people on "
    "both sides of a split, probable wrong labels, shortcuts, and what to photograph next. "
    "Nothing is changed. "
    "Exit code 0: done; 1: something named by --fail-on was found; 2: the check could not run."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument(
        "data", type=Path, help="a folder with class folders, or train/ and validation/ of them"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a report with pictures, in one file")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every finding as JSON")
    parser.add_argument(
        "--fail-on",
        metavar="KINDS",
        help=f"exit with 1 if found, comma-separated: {', '.join(KINDS)}",
    )
    parser.add_argument(
        "--min-side", type=_side, default=48, help="photos with fewer pixels a side are tiny (48)"
    )
    parser.add_argument("--weights", help="VGG16 weights, as for `fit`")
    parser.add_argument(
        "--no-network",
        action="store_true",
        help="skip what needs VGG16: wrong labels and outliers (much faster)",
    )
    add_seed(parser, "of the cross-validation")


def run(options: argparse.Namespace) -> int:
    """Check and print; returns 1 if the gate is closed."""
    gate = [] if options.fail_on is None else _kinds(options.fail_on)
    unasked = [kind for kind in gate if kind in BY_NETWORK and options.no_network]
    if unasked:
        raise TrainingError(
            f"Expected --fail-on without {' and '.join(unasked)} where --no-network is given: it takes the "
            f"network to look for them. Received: {options.fail_on}"
        )
    check_outside(options, "html", "json")
    check_file(options.html, "--html", ".html", "<title>Data set check: ")
    check_file(options.json, "--json", ".json", '{\n "photos": ')
    embed = None if options.no_network else Vgg16Embedder(options.weights)
    seen = survey(options.data, embed)
    # Only now, as they import scikit-learn, which takes seconds.
    from training.checks.inspection import inspect
    from training.checks.report import render

    inspection = inspect(seen, options.min_side, options.seed)
    _print(inspection)
    if options.json:
        write(json.dumps(inspection.document(), indent=1) + "\n", options.json)
    if options.html:
        write(render(inspection, options.data.resolve().name), options.html)
        say(f"\nThe report with pictures is {options.html}")
    return _gate(inspection, gate)


def _gate(inspection: "Inspection", kinds: Sequence[str]) -> int:
    """1 if one of these kinds was found; raises TrainingError for one that could not be looked for."""
    failing = [kind for kind in kinds if inspection.counts[kind]]
    if failing:
        say(f"\nFound, and named by --fail-on: {', '.join(failing)}")
        return 1
    unasked = [kind for kind in kinds if kind in inspection.unasked]
    if unasked:
        reasons = dict.fromkeys(inspection.unasked[kind] for kind in unasked)
        raise TrainingError(
            f"Expected photos in which to look for {' and '.join(unasked)}, named by --fail-on. "
            f"Received: {' and '.join(reasons)}."
        )
    return 0


def _kinds(text: str) -> list[str]:
    kinds = [kind.strip() for kind in text.split(",") if kind.strip()]
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:  # a variable that was never set is no gate that is open
        raise TrainingError(
            f"Expected kinds of {', '.join(KINDS)} for --fail-on. Received: {', '.join(unknown) or 'none'}"
        )
    return kinds


def _side(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number of pixels. Received: {text}.")
    return int(text)


def _print(inspection: "Inspection") -> None:
    from training.checks.report import summary

    say(f"{len(inspection.survey.photos):,} readable photos\n")
    for line in table(["found", "count", "first"], summary(inspection), left=3):
        say(line)
    say()
    rows = [
        [item.label, str(item.total), str(item.people), "; ".join(item.advice)] for item in inspection.classes
    ]
    counted = "people" if inspection.survey.names_people else "different"
    for line in table(["class", "photos", counted, "photograph next"], rows, left=4):
        say(line)
    if inspection.shortcuts:
        say()
        rows = [[item.measure, f"{item.accuracy:.0%}"] for item in inspection.shortcuts[:5]]
        for line in table(["one measure alone", "gives the class with"], rows):
            say(line)
    if (opinion := inspection.opinion) is not None:
        listed = len(opinion.doubtful)
        say(
            f"\nA linear probe on frozen features reaches {opinion.accuracy:.0%} balanced accuracy on "
            f"{inspection.survey.units} it has not seen. By it about {opinion.wrong} labels are estimated to "
            f"be wrong; {f'the {listed} most doubtful are listed' if listed else 'none stands out'}."
        )
