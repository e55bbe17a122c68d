"""What the page shows and does: the next photo for a tab, answers, undo, progress."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from service.metadata import Label
from training.errors import TrainingError
from training.labelling.agreement import compare
from training.labelling.journal import Answers, Entry, Journal, standing
from training.labelling.suggestions import Suggestions

RESERVED_SECONDS: Final = 300.0
"""So long a photo that one tab shows is kept from the others."""
EXAMPLES: Final = 3


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
    second_opinion: bool = False
    """Show only what somebody else has labelled, without their answer."""
    _reserved: dict[str, tuple[int, float]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._index = {file: index for index, file in enumerate(self.files)}
        self._answers = standing(self.journal.entries)
        # Neighbouring files are often of one person or class; a fixed shuffle mixes them.
        self._order = sorted(
            range(len(self.files)), key=lambda index: hashlib.sha256(self.files[index].encode()).digest()
        )

    @property
    def mine(self) -> Answers:
        """The rater's own answers."""
        return self._answers.get(self.rater, {})

    def state(self, tab: str) -> dict[str, Any]:
        """Everything the page needs, as JSON data; reserves the photo that the tab is to show."""
        with self._lock:
            todo, index = self._todo(), self._next(tab)
            done = sum(1 for file in todo if file in self.mine)
            return {
                "rater": self.rater,
                "second_opinion": self.second_opinion,
                "total": len(todo),
                "done": done,
                "skipped": sum(1 for file in todo if file in self.mine and self.mine[file].action == "skip"),
                "labels": [self._label(label) for label in self.labels],
                "photo": None if index is None else self._photo(index),
                "can_undo": self._last(tab) is not None,
                "agreements": self._agreements(),
                "saving": self._saving(),
            }

    def answer(self, tab: str, index: int, action: str, label: str = "") -> None:
        """Note an answer; it is on the disk when this returns. Raises UnknownPhoto."""
        if not 0 <= index < len(self.files) or action not in ("label", "skip"):
            raise UnknownPhoto(f"Expected a photo of this folder. Received: number {index}, {action}")
        if action == "label" and label not in {item.id for item in self.labels}:
            raise UnknownPhoto(f"Expected one of the classes. Received: {label}")
        with self._lock:
            suggestion = self.suggestions.best(index)[0] if self.suggestions else ""
            given = label if action == "label" else ""
            self._append(Entry(self.rater, self.files[index], action, given, suggestion, tab))
            self._reserved.pop(tab, None)

    def undo(self, tab: str) -> None:
        """Take back this tab's latest answer, and show its photo there again; nothing to undo is no error."""
        with self._lock:
            last = self._last(tab)
            if last is not None:
                self._append(Entry(self.rater, last.file, "undo", tab=tab))
                self._reserve(tab, self._index[last.file])

    def _append(self, entry: Entry) -> None:
        self.journal.append(entry)
        self._answers = standing(self.journal.entries)

    def _todo(self) -> list[str]:
        if not self.second_opinion:
            return list(self.files)
        others = [answers for rater, answers in self._answers.items() if rater != self.rater]
        labelled = {file for answers in others for file, entry in answers.items() if entry.action == "label"}
        return [file for file in self.files if file in labelled]

    def _next(self, tab: str) -> int | None:
        """What the tab shows already, or the next photo that no other tab shows."""
        open_photos = {self._index[file] for file in self._todo() if file not in self.mine}
        held = self._reserved.get(tab)
        if held is not None and held[0] in open_photos:
            index = held[0]
        else:
            now = time.monotonic()
            taken = {n for other, (n, until) in self._reserved.items() if other != tab and until > now}
            free = [index for index in self._order if index in open_photos - taken]
            free = free or [index for index in self._order if index in open_photos]
            if not free:
                return None
            index = self._choose(free)
        self._reserve(tab, index)
        return index

    def _choose(self, free: list[int]) -> int:
        if self.suggestions is None:
            return free[0]
        labelled = [self._index[f] for f, entry in self.mine.items() if entry.label and f in self._index]
        return self.suggestions.choose(free, labelled)

    def _reserve(self, tab: str, index: int) -> None:
        self._reserved[tab] = (index, time.monotonic() + RESERVED_SECONDS)

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
            "examples": [self._index[file] for file in chosen[:EXAMPLES]],
        }

    def _photo(self, index: int) -> dict[str, Any]:
        photo: dict[str, Any] = {
            "index": index,
            "file": self.files[index],
            "suggestion": None,
            "confidence": None,
        }
        # A second opinion is worth something only if it is formed without help.
        if self.suggestions is not None and not self.second_opinion:
            photo["suggestion"], photo["confidence"] = self.suggestions.best(index)
        return photo

    def _agreements(self) -> list[dict[str, Any]]:
        found = [
            compare(self.rater, other, self._answers)
            for other in sorted(self._answers)
            if other != self.rater
        ]
        return [
            {"other": item.raters[1], "photos": item.photos, "share": item.share, "kappa": item.kappa}
            for item in found
            if item is not None
        ]

    def _saving(self) -> dict[str, int] | None:
        """How often the model was right so far, and how many of the open photos it is sure about."""
        if self.suggestions is None:
            return None
        made = [entry for entry in self.mine.values() if entry.action == "label" and entry.suggestion]
        right = Counter(entry.label == entry.suggestion for entry in made)[True]
        open_photos = [self._index[file] for file in self.files if file not in self.mine]
        return {"suggested": len(made), "right": right, "sure": self.suggestions.sure(open_photos)}
