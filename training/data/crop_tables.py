"""The tables of a folder of crops: what was cut and how, and which photos have no crop and why.

They grow as photos are finished, and a run goes on where they end.
"""

import csv
import glob
import io
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from training.data.csv_tables import cells_of, unreadable
from training.data.file_names import Names
from training.errors import TrainingError
from training.whole_files import whole_file

TABLE, LEFT_OUT, SHAPE = "labels.csv", "left_out.csv", "crop.json"
COLUMNS: Final = (
    "file", "label", "person", "eye", "geometry", "photo", "face", "eye_width_px", "roll", "yaw", "quality",
)  # fmt: skip
LEFT_OUT_COLUMNS: Final = ("photo", "reason")
NO_FACE: Final = "no face found"
LOOKED_AT: Final = re.compile(f"{NO_FACE}|(left|right) eye .*")
"""Reasons why a photo that was read has no crop; all others may be gone the next time."""


@dataclass(frozen=True)
class Cropped:
    """What became of one photo: rows of the table, or the reason why it has none."""

    photo: str
    rows: tuple[dict[str, str], ...] = ()
    reason: str = ""


def begin(out: Path, names: Sequence[str], shape: Mapping[str, Any]) -> set[str]:
    """Make the folder ready for crops of this shape; returns which of the photos of these `names` are done.

    Those that could not be read are not. Raises TrainingError for a folder that is not of an earlier run, and
    for one whose crops were cut in another way.
    """
    out.mkdir(parents=True, exist_ok=True)
    _check_earlier(out, dict(shape))
    _mend(out / TABLE, COLUMNS)
    _mend(out / LEFT_OUT, LEFT_OUT_COLUMNS)
    _forget_unread(out / LEFT_OUT, names)
    rows = [row for name in (TABLE, LEFT_OUT) for row in _rows(out / name)]
    return set(map(Names(names).meant, (row["photo"] for row in rows if row.get("photo"))))


def record(out: Path, cropped: Cropped) -> None:
    """Add what became of a photo: all of it, or nothing where the disk is full. Raises OSError."""
    if cropped.rows:
        _append(out / TABLE, COLUMNS, cropped.rows)
    else:
        _append(out / LEFT_OUT, LEFT_OUT_COLUMNS, [{"photo": cropped.photo, "reason": cropped.reason}])


def _check_earlier(out: Path, mine: dict[str, Any]) -> None:
    """An earlier run in the folder must have been cut alike; raises TrainingError where it was not."""
    table, shape = out / TABLE, out / SHAPE
    if not _is_empty(table) and not (_header(table) == list(COLUMNS) and shape.exists()):
        raise TrainingError(
            f"Expected a new folder, or one of an earlier run, for the crops. Received: {out}, "
            f"whose {TABLE} is not of `training crop`."
        )
    if not shape.exists():
        with whole_file(shape) as file:
            file.write(json.dumps(mine).encode() + b"\n")
    elif (earlier := _earlier(shape)) != mine:
        raise TrainingError(
            f"Expected the options of the crops that are in {out}, {earlier}. "
            f"Received: {mine}; give another folder."
        )


def _earlier(shape: Path) -> dict[str, Any]:
    """How the crops of an earlier run were cut; raises TrainingError where that cannot be told."""
    try:
        document = json.loads(shape.read_bytes())
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise TrainingError(
            f"Expected the options of an earlier run (JSON) in {shape}. It holds none; give another folder."
        )
    # Folders from before every_face was kept count as cut without it.
    return {"every_face": False} | document


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        return next(csv.reader([_text(path, file.readline())]), [])


def _is_empty(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


def _mend(path: Path, columns: Sequence[str]) -> None:
    """End the last line of a table, or take it out where a crash has cut it off.

    A photo with an eye too few goes with it: the one before it may be.
    """
    if _is_empty(path) or (data := path.read_bytes()).endswith(b"\n"):
        return
    whole, end, last = data.rpartition(b"\n")
    text = _text(path, whole + end) + last.decode("utf-8-sig", errors="replace")
    if not ",".join(columns).startswith(text.partition("\n")[0].strip()):
        return  # not ours
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    is_short = bool(rows) and None in rows[-1].values()
    if is_short:
        rows.pop()
    if rows and (is_short or ("file" in columns and _lacks_a_crop(path.parent, rows))):
        rows = [row for row in rows if row["photo"] != rows[-1]["photo"]]
    _write(path, columns, [{name: row[name] for name in columns} for row in rows])


def _lacks_a_crop(out: Path, rows: Sequence[Mapping[str, str]]) -> bool:
    """Whether a photo's last line was cut off in its last cell: crops are written before the table."""
    photo = Path(rows[-1]["photo"])
    cut = (out / photo.parent).glob(f"{glob.escape(photo.name)}-[0-9]*-*.jpg")
    listed = {row["file"] for row in rows}
    return not {path.relative_to(out).as_posix() for path in cut} <= listed


def _forget_unread(path: Path, names: Sequence[str]) -> None:
    """Take those of these photos that could not be read from the table of what was left out."""
    meant, again = Names(names).meant, set(names)
    rows = [{name: row.get(name) or "" for name in LEFT_OUT_COLUMNS} for row in _rows(path)]
    kept = [row for row in rows if LOOKED_AT.fullmatch(row["reason"]) or meant(row["photo"]) not in again]
    if len(kept) != len(rows):
        _write(path, LEFT_OUT_COLUMNS, kept)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    text = io.StringIO(_text(path, path.read_bytes()), newline="")
    rows = [cells for _, cells in cells_of(path, text) if cells]
    return [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]


def _text(path: Path, data: bytes) -> str:
    """What a table, or a part of it, says; raises TrainingError where somebody has saved it otherwise."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise unreadable(path, error) from None


def _write(path: Path, columns: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    with whole_file(path) as file:  # a run that is killed leaves the whole table, old or new
        file.write(_lines(columns, rows, headed=True))


def _append(path: Path, columns: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    lines = _lines(columns, rows, headed=_is_empty(path))
    with path.open("ab", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        try:
            while lines:  # at once: a run that is killed leaves whole photos
                lines = lines[file.write(lines) :]
        except OSError as error:
            file.truncate(size)
            raise OSError(error.errno, error.strerror, str(path)) from error


def _lines(columns: Sequence[str], rows: Iterable[dict[str, str]], headed: bool) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    if headed:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
