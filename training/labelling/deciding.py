"""From what everybody answered to one label per photo."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from training.errors import TrainingError
from training.labelling.classes import is_folder_name
from training.labelling.journal import Answers


@dataclass(frozen=True)
class Decision:
    """The label of one photo, and who is behind it."""

    label: str
    ratings: int
    """People who labelled the photo; 0 where only a model did."""
    agreement: float
    """Share of them who gave this label, or the model's confidence."""
    rated_by: str


def decide(answers: dict[str, Answers]) -> tuple[dict[str, Decision], dict[str, list[str]]]:
    """The label that most raters of a file gave, and the labels of every file without a majority.

    Raises TrainingError for a label that cannot be the name of a folder.
    """
    given: dict[str, dict[str, str]] = defaultdict(dict)
    for rater, files in answers.items():
        for file, entry in files.items():
            if entry.action == "label":
                given[file][rater] = entry.label
    decided, disputed = {}, {}
    for file, labels in given.items():
        for label in labels.values():
            check_label(label, file)
        best, votes = Counter(labels.values()).most_common(1)[0]
        if 2 * votes > len(labels):
            raters = "; ".join(sorted(labels))
            decided[file] = Decision(best, len(labels), votes / len(labels), raters)
        else:
            disputed[file] = sorted(set(labels.values()))
    return decided, disputed


def check_label(label: str, whose: str) -> None:
    """Raise TrainingError for a label, that of a file or a model, that cannot name a folder."""
    if not is_folder_name(label):
        raise TrainingError(f"Expected labels named like folders. Received: {label!r} for {whose}")


def answered(answers: dict[str, Answers]) -> set[str]:
    """Files that somebody labelled or skipped."""
    return {file for files in answers.values() for file in files}
