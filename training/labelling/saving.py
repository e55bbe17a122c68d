"""How fast somebody labels, and how much of it a model can save."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Final

from training.labelling.journal import Answers, Entry
from training.labelling.suggestions import Suggestions

PAUSE_SECONDS: Final = 60.0
"""A longer time between two answers is a pause and no measure of the pace."""
FEWEST: Final = 5
"""With fewer answers there is no pace."""


@dataclass(frozen=True)
class Saving:
    """What a model's suggestions are worth so far."""

    suggested: int
    """Photos that were labelled with a suggestion in sight."""
    right: int
    """Of those, the label was the suggestion."""
    left: int
    """Photos without an answer."""
    sure: int
    """Of those left, the model is sure: what need not be labelled by hand."""
    sure_labelled: int
    """Photos it is sure about that have a label by hand."""
    sure_right: int
    """Of those, it was right."""


def pace(entries: Iterable[Entry], rater: str) -> float | None:
    """The rater's median seconds per answer; None where too few are known."""
    times = filter(None, (_moment(entry.time) for entry in entries if entry.rater == rater))
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    gaps = [gap for gap in gaps if 0 < gap < PAUSE_SECONDS]
    return median(gaps) if len(gaps) >= FEWEST else None


def _moment(time: str) -> datetime | None:
    """When an answer was given; None where a spreadsheet has written that in its own way since."""
    try:
        return datetime.fromisoformat(time).astimezone(UTC)
    except ValueError:
        return None


def saving(
    suggestions: Suggestions, answers: Answers, index: Mapping[str, int], open_photos: Sequence[int]
) -> Saving:
    """Compare one rater's answers with the suggestions; `index` is that of every file."""
    labelled = [entry for entry in answers.values() if entry.action == "label" and entry.file in index]
    suggested = [entry for entry in labelled if entry.suggestion]
    opinions = [(entry, *suggestions.best(index[entry.file])) for entry in labelled]
    sure = [entry.label == label for entry, label, confidence in opinions if suggestions.is_sure(confidence)]
    return Saving(
        suggested=len(suggested),
        right=sum(entry.label == entry.suggestion for entry in suggested),
        left=len(open_photos),
        sure=sum(suggestions.is_sure(suggestions.best(photo)[1]) for photo in open_photos),
        sure_labelled=len(sure),
        sure_right=sum(sure),
    )
