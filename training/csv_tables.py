"""The tables beside photos, `labels.csv` and `classes.csv`, however their headings are written."""

import csv
from pathlib import Path
from typing import Final

from training.errors import TrainingError

KNOWN_COLUMNS: Final = frozenset("file person geometry id title description search".split())
"""Of the tables, found however they are written; others keep the author's capitals."""


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a table, by column; none where there is no file.

    Raises TrainingError if it cannot be read.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [
                {_column(key): _cell(key, value or "") for key, value in row.items() if key}
                for row in csv.DictReader(file)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"Expected a table (CSV, UTF-8) at {path}. It cannot be read: {error}") from None


def _column(heading: str) -> str:
    name = heading.strip()
    return name.lower() if name.lower() in KNOWN_COLUMNS else name


def _cell(heading: str, text: str) -> str:
    """Without the spaces around it, but in the name of a file, where they mean something."""
    return text if _column(heading) == "file" else text.strip()
