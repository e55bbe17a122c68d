"""The tables beside photos, `labels.csv` and `classes.csv`, however their headings are written."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from service.networks.metadata import Label
from service.validation import first_fault
from training.data.file_names import Names, composed
from training.errors import TrainingError

KNOWN_COLUMNS: Final = frozenset("file person geometry id title description search".split())
"""Of the tables, found however they are written; others keep the author's capitals."""
ONE_LINE: Final = ("file", "person", "id")
"""Columns of names, which have one line: where one has more, two quotes too many have swallowed rows."""


def read_table(path: Path, key: str) -> list[dict[str, str]]:
    """The rows of a table, by column; none where there is no file. Empty rows and columns mean nothing.

    Raises TrainingError if it cannot be read, where there is no column `key`, by which rows are known, and
    for a row that has not a cell for each heading or a name of several lines.
    """
    return [row for _, row in _numbered(path, key)]


def read_classes(path: Path) -> list[dict[str, str]]:
    """The rows of a table of classes, such as `classes.csv`, known by their `id`.

    Raises TrainingError as `read_table` does, and for a class of two rows: nobody can know which is meant.
    """
    numbered = _numbered(path, "id")
    lines: dict[str, int] = {}
    for number, row in numbered:
        name = row["id"]
        if name and (before := lines.setdefault(name, number)) != number:
            raise TrainingError(
                f"Expected every class once in {path}. "
                f"Received: {name} in line {number}, and in line {before} already."
            )
    return [row for _, row in numbered]


def _numbered(path: Path, key: str) -> list[tuple[int, dict[str, str]]]:
    """The rows of `read_table`, each with the number of the line where it begins."""
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = ((number, cells) for number, cells in cells_of(path, file) if any(map(str.strip, cells)))
            headings = _headings(path, key, next(rows, (0, [key]))[1])
            return [(number, _row(path, number, headings, cells)) for number, cells in rows]
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: Exception) -> TrainingError:
    """What to raise for a table that is no text in UTF-8, or may not be read."""
    return TrainingError(f"Expected a table (CSV, UTF-8) at {path}. It cannot be read: {error}")


def cells_of(path: Path, file: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row, with the number of the line where it begins; raises TrainingError.

    Strict: otherwise a quote without a second one makes one cell of all rows behind it, without a word.
    """
    lines = csv.reader(file, strict=True)
    number = 1
    try:
        for cells in lines:
            yield number, cells
            number = lines.line_num + 1
    except csv.Error as error:
        raise TrainingError(
            f"Expected a table (CSV, UTF-8) at {path}, its quotes in pairs around cells. "
            f"Received: a row that cannot be read, from line {number} on ({error}); "
            "leave out the quotes there, or write each one in a cell twice."
        ) from None


def as_named(rows: Sequence[dict[str, str]], key: str, there: Iterable[str]) -> list[dict[str, str]]:
    """The rows, each with the name in its column `key` as it is written `there`, if only that can be meant.

    A name that two rows write differently is that of the row which writes it as it is.
    """
    names = Names(there)
    meant = {row[key]: names.meant(row[key]) for row in rows}
    claims = Counter(meant.values())
    return [row | {key: meant[row[key]]} if claims[meant[row[key]]] == 1 else row for row in rows]


def label_of(name: str, row: Mapping[str, str]) -> Label:
    """The class of this name, with what its row of `classes.csv` says, if any; raises TrainingError."""
    words = name.replace("_", " ").replace("-", " ").strip()
    title = row.get("title") or words[:1].upper() + words[1:]  # capitals are the author's: BMW, VW Golf
    try:
        return Label(
            id=name, title=title, description=row.get("description") or "", search=row.get("search") or ""
        )
    except ValidationError as error:
        raise TrainingError(f"The class {name!r} cannot be used: {first_fault(error)}") from None


def _headings(path: Path, key: str, cells: Sequence[str]) -> list[str]:
    """The columns; nameless ones, as spreadsheets put behind the others, are no mistake.

    Raises TrainingError where none of them is `key`: before a row is read, for in a table with semicolons
    every comma would be a cell too many, and quotes would seem to be in the wrong places.
    """
    headings = [_column(cell) for cell in cells]
    if key not in headings:
        raise TrainingError(
            f"Expected columns separated by commas in {path}, `{key}` among them. "
            f"Received: {', '.join(filter(None, headings))}"
        )
    twice = [name for name, count in Counter(headings).items() if name and count > 1]
    if twice:
        raise TrainingError(f"Expected every column once in {path}. Received: {twice[0]} more than once.")
    return headings


def _row(path: Path, number: int, headings: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    columns = len(_trimmed(headings))
    if len(cells) < columns or len(_trimmed(cells)) > len(headings):
        raise TrainingError(
            f"Expected {columns} cells in line {number} of {path}, as many as columns. "
            f"Received: {len(cells)}; a comma in a cell needs quotes around it."
        )
    row = {name: cell for name, cell in zip(headings, cells, strict=False) if name}
    for name in ONE_LINE:
        first, *more = row.get(name, "").rstrip("\r\n").replace("\r", "\n").split("\n")
        if more:
            raise TrainingError(
                f"Expected `{name}` as one line in line {number} of {path}. "
                f"Received: several, the first of them {first!r}; look for a quote too many."
            )
    return {name: _cell(name, cell) for name, cell in row.items()}


def _trimmed(cells: Sequence[str]) -> Sequence[str]:
    """Without the empty cells at the end."""
    count = max((number for number, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:count]


def _column(heading: str) -> str:
    name = heading.strip()
    return name.lower() if name.lower() in KNOWN_COLUMNS else name


def _cell(column: str, text: str) -> str:
    """Without the spaces around it, but in the name of a file, where they mean something.

    Rows from two keyboards write one person's letters in two ways, which look alike.
    """
    if column == "file":
        return text
    return composed(text.strip()) if column == "person" else text.strip()
