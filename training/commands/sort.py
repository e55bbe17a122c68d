"""`python -m training sort`: copy labelled photos into class folders."""

import argparse
import csv
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

from training.console import say
from training.errors import TrainingError
from training.folders import rows_by_file
from training.labelling.agreement import compare
from training.labelling.journal import FILE, Answers, read, standing

HELP: Final = (
    "Copy the photos that `training label` has labels for into OUT/<class>/, with a labels.csv. "
    "Nothing is moved or overwritten. Photos that raters disagree about are left out and listed."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument("folder", type=Path, help=f"photos with {FILE}")
    parser.add_argument("out", type=Path, help="a new or empty folder")
    parser.add_argument("--rater", default="", help="take this person's labels only")


def run(options: argparse.Namespace) -> int:
    """Copy and print what was left out, and how well raters agree."""
    answers = standing(read(options.folder))
    if options.rater:
        answers = {rater: files for rater, files in answers.items() if rater == options.rater}
    agreed, disputed = decide(answers)
    if not agreed:
        raise TrainingError(f"Expected labels in {options.folder / FILE}. Received: none that can be used.")
    if options.out.exists() and any(options.out.iterdir()):
        raise TrainingError(f"Expected a new or empty folder. Received: {options.out}")
    missing = _copy(options.folder, options.out, agreed)
    for label, count in sorted(Counter(label for label, _ in agreed.values()).items()):
        say(f"{count:6,}  {label}")
    for file, labels in sorted(disputed.items()):
        say(f"left out, {' or '.join(labels)}: {file}")
    for file in missing:
        say(f"left out, no such file any more: {file}")
    raters = sorted(answers)
    for number, first in enumerate(raters):
        for second in raters[number + 1 :]:
            found = compare(first, second, answers)
            if found is not None:
                kappa = "" if found.kappa is None else f", Cohen's kappa {found.kappa:.2f}"
                say(f"{first} and {second} agree on {found.share:.0%} of {found.photos} photos{kappa}")
    return 0


def decide(answers: dict[str, Answers]) -> tuple[dict[str, tuple[str, int]], dict[str, list[str]]]:
    """The label and number of raters of every file they agree about, and the labels of every other."""
    given: dict[str, list[str]] = defaultdict(list)
    for files in answers.values():
        for file, entry in files.items():
            if entry.action == "label":
                given[file].append(entry.label)
    agreed = {file: (labels[0], len(labels)) for file, labels in given.items() if len(set(labels)) == 1}
    return agreed, {file: sorted(set(labels)) for file, labels in given.items() if file not in agreed}


def _copy(folder: Path, out: Path, agreed: dict[str, tuple[str, int]]) -> list[str]:
    """Copy the files and write the table; returns the files that are gone."""
    facts, rows, missing = rows_by_file(folder), [], []
    for file, (label, raters) in sorted(agreed.items()):
        if not (folder / file).is_file():
            missing.append(file)
            continue
        target = out / label / file.replace("/", "__")  # files of one name in two folders stay two
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / file, target)
        known = {key: value for key, value in facts.get(file, {}).items() if key not in ("label", "split")}
        rows.append({**known, "file": f"{label}/{target.name}", "label": label, "ratings": str(raters)})
    columns = list(dict.fromkeys(["file", "label", "ratings", *(key for row in rows for key in row)]))
    out.mkdir(parents=True, exist_ok=True)
    with (out / "labels.csv").open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return missing
