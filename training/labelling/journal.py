"""Every answer as one line of a CSV beside the photos: only appended to, on the disk before it counts.

A line that was cut off by a crash lacks its last column and is ignored. Of two programs only one can hold the
journal, and the lock is gone when its process is, however it ended.
"""

import csv
import io
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from training.data.file_names import Names
from training.errors import TrainingError
from training.locking import lock

FILE: Final = "labelling.csv"
ACTIONS: Final = ("label", "skip", "undo")
END: Final = "."
"""The last column of a line that was written to its end."""


@dataclass(frozen=True)
class Entry:
    """One answer; `undo` takes back the same rater's latest answer about the file."""

    rater: str
    file: str
    """Path below the folder, with `/`."""
    action: str
    label: str = ""
    suggestion: str = ""
    """The label that a model had suggested, if any."""
    tab: str = ""
    """Id of the page that it came from."""
    time: str = ""


COLUMNS: Final = (*(field.name for field in fields(Entry)), "end")
Answers = dict[str, Entry]
"""The latest answer of one rater that stands, by file."""


class Journal:
    """The open journal of a folder, locked until `close`."""

    def __init__(self, folder: Path, files: Iterable[str] = ()) -> None:
        """Open or begin the journal of a folder with these files.

        Raises TrainingError where it is in use or cannot be written.
        """
        self.path = folder / FILE
        try:
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise TrainingError(
                f"Expected a folder that can be written to. {self.path}: {error.strerror}"
            ) from None
        if not lock(self._file):
            os.close(self._file)
            raise TrainingError(f"{self.path} is in use: these photos are being labelled already.")
        self._torn = False  # whether the last line has no end
        self.entries = read(folder, files)
        self._begin()

    def append(self, entry: Entry) -> Entry:
        """Write an entry and return it with its time; it is on the disk when this returns.

        Raises OSError where it is not.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        dated = replace(entry, time=now)
        self._write(_line((*astuple(dated), END)))
        self.entries.append(dated)
        return dated

    def close(self) -> None:
        """Give the journal back."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self) -> None:
        size = os.fstat(self._file).st_size
        if size == 0:
            self._write(_line(COLUMNS))
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        elif os.pread(self._file, 1, size - 1) != b"\n":
            self._write("\n")  # ends the line that a crash cut off

    def _write(self, text: str) -> None:
        """Write a line, or nothing: the next one would go on where a full disk has cut one off."""
        data = (b"\n" if self._torn else b"") + text.encode()
        size = os.fstat(self._file).st_size  # stays so: nobody else has the lock
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)
        except OSError:
            was_torn, self._torn = self._torn, True
            with suppress(OSError):
                os.ftruncate(self._file, size)
                self._torn = was_torn
            raise
        self._torn = False


def read(folder: Path, files: Iterable[str] = ()) -> list[Entry]:
    """The complete entries of a folder's journal, in order; empty where there is none.

    Each names its photo as it is written among the `files` now: the folder may have been moved.
    """
    path = folder / FILE
    if not path.is_file():
        return []
    names = Names(files)
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    return [replace(entry, file=names.meant(entry.file)) for entry in _parsed(lines)]


def _parsed(lines: Iterable[str]) -> Iterator[Entry]:
    for line in lines:
        for row in csv.reader([line]):
            if len(row) == len(COLUMNS) and row[-1] == END and row[2] in ACTIONS:
                yield Entry(*row[:-1])


def standing(entries: Iterable[Entry]) -> dict[str, Answers]:
    """What stands of every rater after all undoing."""
    history: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        stack = history[entry.rater][entry.file]
        if entry.action != "undo":
            stack.append(entry)
        elif stack:
            stack.pop()
    return {
        rater: {file: stack[-1] for file, stack in files.items() if stack} for rater, files in history.items()
    }


def _line(values: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()
