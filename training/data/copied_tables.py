"""The tables of a new folder of copied photos."""

import csv
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from training.data.crop_tables import TABLE
from training.data.folders import CLASSES


def write_tables(
    photos: Path, out: Path, rows: Sequence[Mapping[str, str]], first: Sequence[str] = ()
) -> None:
    """Write `labels.csv` to `out`, with the columns `first` first, and copy the `classes.csv` of `photos`."""
    columns = list(dict.fromkeys([*first, *(column for row in rows for column in row)]))
    with (out / TABLE).open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    if (photos / CLASSES).is_file():
        shutil.copy2(photos / CLASSES, out / CLASSES)
