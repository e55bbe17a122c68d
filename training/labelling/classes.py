"""The classes to choose from: their names, definitions, and keys."""

import re
from collections.abc import Iterable
from pathlib import Path

from service.networks.metadata import Label
from training.data.csv_tables import label_of, read_classes
from training.data.folders import CLASSES
from training.errors import TrainingError
from training.measuring.prediction import open_model

_FOLDER_NAME = re.compile(r"[^/\\.\x00-\x1f][^/\\\x00-\x1f]{0,99}")


def choose_classes(folder: Path, given: str, model: Path | None) -> tuple[Label, ...]:
    """The classes of `given` (names with commas, or a table), of the folder's `classes.csv`, or of the model.

    A table has the columns `id`, `title`, `description`. Raises TrainingError.
    """
    table = Path(given) if given.endswith(".csv") else folder / CLASSES
    if given and not given.endswith(".csv"):
        labels = [label_of(name.strip(), {}) for name in given.split(",") if name.strip()]
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
    if not path.is_file():
        raise TrainingError(f"Expected a table of the classes (CSV) at {path}. There is none.")
    return [label_of(row["id"], row) for row in read_classes(path) if row["id"]]


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
