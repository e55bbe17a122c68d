"""The classes to choose from: their names, definitions, and keys."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from service.metadata import Label
from training.errors import TrainingError
from training.prediction import open_model

_FOLDER_NAME = re.compile(r"[^/\\.\x00-\x1f][^/\\\x00-\x1f]{0,99}")


def choose_classes(folder: Path, given: str, model: Path | None) -> tuple[Label, ...]:
    """The classes of `given` (names with commas, or a table), of the folder's `classes.csv`, or of the model.

    A table has the columns `id`, `title`, `description`. Raises TrainingError.
    """
    table = Path(given) if given.endswith(".csv") else folder / "classes.csv"
    if given and not given.endswith(".csv"):
        labels = [_label({"id": name.strip()}) for name in given.split(",") if name.strip()]
    elif given or table.is_file():
        labels = _read(table)
    elif model is not None:
        labels = list(open_model(model).metadata.labels)
    else:
        raise TrainingError(
            f"Expected the classes: --classes red,green,blue, a table {table}, or a --model that knows them."
        )
    return _checked(labels)


def is_folder_name(name: str) -> bool:
    """Whether a class can be a folder of this name, inside another and nowhere else."""
    return _FOLDER_NAME.fullmatch(name) is not None


def _read(path: Path) -> list[Label]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return [_label(row) for row in csv.DictReader(file) if row.get("id")]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"Expected a table of classes (CSV, UTF-8) at {path}: {error}") from None


def _label(row: dict[str, str]) -> Label:
    name = row["id"]
    title = row.get("title") or name.replace("_", " ").replace("-", " ").capitalize()
    return Label(id=name, title=title, description=row.get("description") or "")


def _checked(labels: Iterable[Label]) -> tuple[Label, ...]:
    result = tuple(labels)
    names = [label.id for label in result]
    unusable = [name for name in names if not is_folder_name(name)]
    if len(set(names)) < 2 or len(set(names)) != len(names) or unusable:
        raise TrainingError(
            "Expected two or more different classes, named like folders. "
            f"Received: {', '.join(names) or 'none'}"
        )
    return result
