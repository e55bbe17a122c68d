"""`python -m training sort`: copy labelled photos into class folders."""

import argparse
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from training.commands.closed import say_closed
from training.console import progress, say
from training.data.copied_tables import write_tables
from training.data.file_names import check_lines
from training.data.folders import rows_by_file
from training.data.trees import check_folder
from training.errors import TrainingError
from training.labelling.agreement import compare
from training.labelling.deciding import Decision, answered, check_label, decide
from training.labelling.journal import FILE, Answers, read, standing
from training.labelling.suggestions import SURE
from training.measuring.prediction import find_pictures, open_model, predict
from training.new_folders import check_new_folder, new_folder

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
    parser.add_argument(
        "--model",
        type=Path,
        help=f"a bundle or model.onnx that labels the photos nobody answered, where it is {SURE:.0%}% sure",
    )
    parser.add_argument("--wide", action="store_true", help="the photos are eyes cut by `training crop`")


def run(options: argparse.Namespace) -> int:
    """Copy and print what was left out, and how well raters agree."""
    check_new_folder(options.out, options.folder)
    check_folder(options.folder)
    pictures = find_pictures([options.folder], say_closed)
    photos = {path.relative_to(options.folder).as_posix(): path for path in pictures}
    check_lines(photos)
    answers = standing(read(options.folder, photos))
    known = answered(answers)
    if options.rater:
        answers = {rater: files for rater, files in answers.items() if rater == options.rater}
    decided, disputed = decide(answers)
    if options.model:
        unanswered = {file: path for file, path in photos.items() if file not in known}
        decided |= _ask(options.model, unanswered, options.wide)
    if not decided:
        raise TrainingError(f"Expected labels in {options.folder / FILE}. Received: none that can be used.")
    # The journal is a file that anybody may have written: what it names may lie anywhere.
    copied = {file: decision for file, decision in decided.items() if file in photos}
    missing = sorted(decided.keys() - photos.keys())
    with new_folder(options.out, options.folder) as out:
        _copy(options.folder, out, copied, rows_by_file(options.folder, photos))
    _print(copied, disputed, missing, answers)
    return 0


def _ask(model: Path, photos: dict[str, Path], wide: bool) -> dict[str, Decision]:
    """A sure model's labels of the photos, by their names, that nobody has answered."""
    classifier = open_model(model)
    name = f"{classifier.metadata.name} {classifier.metadata.version}"
    for one in classifier.metadata.labels:
        check_label(one.id, name)  # first: asking about all photos may take minutes
    decided = {}
    answers = predict(classifier, list(photos.values()), wide)
    for file, found in zip(photos, progress(answers, "asking the model", total=len(photos)), strict=True):
        if found.probabilities is not None:
            label, confidence, certain = found.answer(classifier.metadata)
            if certain and confidence >= SURE:
                decided[file] = Decision(label, 0, confidence, name)
    return decided


def _copy(folder: Path, out: Path, decided: dict[str, Decision], facts: dict[str, dict[str, str]]) -> None:
    """Copy the files and write the table, with the facts known by file."""
    rows, used = [], set[Path]()
    for file, decision in sorted(decided.items()):
        flat = Path(file.replace("/", "__"))  # files of one name in two folders stay two
        target = next(path for path in _names(out / decision.label, flat) if path not in used)
        used.add(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / file, target)
        known = {key: value for key, value in facts.get(file, {}).items() if key not in ("label", "split")}
        rows.append(
            {
                **known,
                "file": f"{decision.label}/{target.name}",
                "label": decision.label,
                "ratings": str(decision.ratings),
                "agreement": f"{decision.agreement:.3g}",
                "rated_by": decision.rated_by,
            }
        )
    write_tables(folder, out, rows, first=("file", "label", "ratings", "agreement", "rated_by"))


def _names(folder: Path, name: Path) -> Iterator[Path]:
    yield folder / name
    number = 2
    while True:
        yield folder / f"{name.stem}-{number}{name.suffix}"
        number += 1


def _print(
    copied: dict[str, Decision],
    disputed: dict[str, list[str]],
    missing: list[str],
    answers: dict[str, Answers],
) -> None:
    for label, count in sorted(Counter(decision.label for decision in copied.values()).items()):
        say(f"{count:6,}  {label}")
    by_model = sum(decision.ratings == 0 for decision in copied.values())
    if by_model:
        say(f"{by_model:,} of them were labelled by the model alone (ratings 0 in labels.csv).")
    for file, labels in sorted(disputed.items()):
        say(f"left out, {' or '.join(labels)}: {file}")
    for file in missing:
        say(f"left out, no such photo in the folder: {file}")
    raters = sorted(answers)
    for number, first in enumerate(raters):
        for second in raters[number + 1 :]:
            found = compare(first, second, answers)
            if found is not None:
                kappa = "" if found.kappa is None else f", Cohen's kappa {found.kappa:.2f}"
                say(f"{first} and {second} agree on {found.share:.0%} of {found.photos} photos{kappa}")
    if disputed:
        say("A third person can settle what is left out with `training label --disputed`.")
