"""What the page shows and does: the next photo for a tab, answers, undo, progress."""

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from service.networks.metadata import Label
from training.errors import TrainingError
from training.labelling.agreement import compare
from training.labelling.journal import Answers, Entry, Journal, standing
from training.labelling.pictures import Pictures
from training.labelling.queue import Queue
from training.labelling.saving import pace, saving
from training.labelling.suggestions import Suggestions

EXAMPLES: Final = 3
Task = Literal["first", "second", "disputed"]
"""All photos; those that somebody else has labelled; those that two others have labelled differently."""


class UnknownPhoto(TrainingError):
    """An answer about a photo or label that does not exist."""


@dataclass
class Workspace:
    """One rater at work on a folder; safe to use from many threads."""

    folder: Path
    files: Sequence[str]
    """Paths below the folder; their order is that of all indices."""
    labels: tuple[Label, ...]
    journal: Journal
    rater: str
    suggestions: Suggestions | None = None
    task: Task = "first"
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._index = {file: index for index, file in enumerate(self.files)}
        self._answers = standing(self.journal.entries)
        self._queue = Queue(self.files, self.suggestions)
        self._pictures = Pictures()

    @property
    def mine(self) -> Answers:
        """The rater's own answers."""
        return self._answers.get(self.rater, {})

    def state(self, tab: str) -> dict[str, Any]:
        """Everything the page needs, as JSON data; reserves the photo that the tab is to show."""
        with self._lock:
            mine, todo = self.mine, self._todo()
            open_photos = [self._index[file] for file in todo if file not in mine]
            labelled = [self._index[f] for f, entry in mine.items() if entry.label and f in self._index]
            index, last = self._queue.next(tab, set(open_photos), labelled), self._last(tab)
            return {
                "folder": str(self.folder),
                "rater": self.rater,
                "task": self.task,
                "total": len(todo),
                "done": len(todo) - len(open_photos),
                "skipped": sum(1 for file in todo if file in mine and mine[file].action == "skip"),
                "labels": [self._label(label) for label in self.labels],
                "photo": None if index is None else self._photo(index),
                "undo": None if last is None else last.file,
                "pace": pace(self.journal.entries, self.rater),
                "agreements": self._agreements(),
                "saving": None
                if self.suggestions is None
                else asdict(saving(self.suggestions, mine, self._index, open_photos)),
            }

    def answer(self, tab: str, file: str, action: str, label: str = "") -> None:
        """Note an answer; it is on the disk when this returns.

        Raises UnknownPhoto, and UnshowablePhoto for a class of what nobody can see.
        The same answer again, from a page that did not hear of the first, is not noted twice.
        """
        index = self._known(file)
        if action not in ("label", "skip"):
            raise UnknownPhoto(f"Expected the action label or skip. Received: {action}")
        if action == "label":
            if label not in {item.id for item in self.labels}:
                raise UnknownPhoto(f"Expected one of the classes. Received: {label}")
            self._pictures.check(self.folder / file)
        given = label if action == "label" else ""
        with self._lock:
            known = self._latest(tab, file)
            if known is None or (known.action, known.label) != (action, given):
                suggestion, _ = self._suggestion(index) or ("", 0.0)
                self._append(Entry(self.rater, file, action, given, suggestion, tab))
            self._queue.release(tab)

    def undo(self, tab: str, file: str) -> None:
        """Take back this tab's latest answer, if it is about that photo, and show the photo there again.

        Raises UnknownPhoto.
        """
        index = self._known(file)
        with self._lock:
            last = self._last(tab)
            if last is not None and last.file == file:
                self._append(Entry(self.rater, last.file, "undo", tab=tab))
                self._queue.reserve(tab, index)

    def picture(self, file: str) -> bytes:
        """What the page shows of a photo, a JPEG; raises UnknownPhoto or UnshowablePhoto."""
        self._known(file)
        return self._pictures.jpeg(self.folder / file)

    def _known(self, file: str) -> int:
        index = self._index.get(file)
        if index is None:
            raise UnknownPhoto(f"Expected a photo of {self.folder}. Received: {file!r}")
        return index

    def _append(self, entry: Entry) -> None:
        self.journal.append(entry)
        self._answers = standing(self.journal.entries)

    def _todo(self) -> list[str]:
        if self.task == "first":
            return list(self.files)
        others = [answers for rater, answers in self._answers.items() if rater != self.rater]
        given: dict[str, set[str]] = {}
        for answers in others:
            for file, entry in answers.items():
                if entry.action == "label":
                    given.setdefault(file, set()).add(entry.label)
        fewest = 2 if self.task == "disputed" else 1
        return [file for file in self.files if len(given.get(file, ())) >= fewest]

    def _latest(self, tab: str, file: str) -> Entry | None:
        """What the tab said last about a file, also where another tab has answered since."""
        for entry in reversed(self.journal.entries):
            if (entry.file, entry.tab, entry.rater) == (file, tab, self.rater):
                return entry
        return None

    def _last(self, tab: str) -> Entry | None:
        """The tab's latest answer that still stands."""
        for entry in reversed(self.journal.entries):
            own = entry.rater == self.rater and entry.tab == tab and entry.action != "undo"
            if own and self.mine.get(entry.file) == entry and entry.file in self._index:
                return entry
        return None

    def _label(self, label: Label) -> dict[str, Any]:
        chosen = [
            file for file, entry in self.mine.items() if entry.label == label.id and file in self._index
        ]
        return {
            "id": label.id,
            "title": label.title,
            "description": label.description,
            "count": len(chosen),
            "examples": chosen[:EXAMPLES],
        }

    def _suggestion(self, index: int) -> tuple[str, float] | None:
        # A second opinion is worth something only if it is formed without help.
        if self.suggestions is None or self.task != "first" or not self.suggestions.knows(index):
            return None
        return self.suggestions.best(index)

    def _photo(self, index: int) -> dict[str, Any]:
        label, confidence = self._suggestion(index) or (None, None)
        return {
            "file": self.files[index],
            "suggestion": label,
            "confidence": confidence,
        }

    def _agreements(self) -> list[dict[str, Any]]:
        others = [other for other in sorted(self._answers) if other != self.rater]
        found = [compare(self.rater, other, self._answers) for other in others]
        return [
            {"other": item.raters[1], "photos": item.photos, "share": item.share, "kappa": item.kappa}
            for item in found
            if item is not None
        ]
