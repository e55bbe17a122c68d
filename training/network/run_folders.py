"""The folder of a training run: the contract between `fit` and the commands that use its result.

config.json      hyperparameters, labels, crop geometry, facts of the data, versions of the tools
model.keras      the best epoch: `image` [N, S, S, 3], RGB 0..255, to logits [N, C]; there last, so that a run
                 with it is complete
learned.txt      digests of the training photos (training/data/learned.py)
validation.npz   the validation photos as the network sees them (training/measuring/heldout.py)
typical.npz      what training photos are like (training/network/typicality.py); missing where there were
                 too few
metrics.json     what the best epoch reaches, and how the training went
history.csv      a row per epoch
curves.png       the same as a picture
tensorboard/     the same for TensorBoard

Apart from `runs.py`, which opens the network: TensorFlow takes seconds to import, which nobody who mistypes a
path need wait for.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from pydantic import ValidationError

from service.networks.folders import MODEL_FILE, versions
from service.networks.metadata import CropGeometry, DatasetFacts, Document, Label
from service.validation import first_fault
from training.errors import TrainingError
from training.hyperparameters import HyperParameters
from training.locking import LOCK

CONFIG: Final = "config.json"
MODEL: Final = "model.keras"
LEARNED: Final = "learned.txt"
HELD_OUT: Final = "validation.npz"
TYPICALITY: Final = "typical.npz"
METRICS: Final = "metrics.json"
HISTORY: Final = "history.csv"
CURVES: Final = "curves.png"
TENSORBOARD: Final = "tensorboard"
REPORT_FOLDER: Final = "report"
"""Where `training report` writes, if nowhere else is asked for."""
PICTURES: Final = ("confusion", "reliability", "risk-coverage", "curves", "robustness")
"""What a report may have drawn; not every one has all."""
REPORT_FILES: Final = ("report.html", "report.json", *(f"{name}.png" for name in PICTURES))
RECIPE: Final = "recipe.json"
"""Of a cross-validation, beside its runs, from their beginning on: by it the folder is known as ours."""
PART: Final = "unfinished.keras"
"""The model while the run is finished."""
UNFINISHED: Final = frozenset((CONFIG, LEARNED, HELD_OUT, HISTORY, TENSORBOARD, LOCK))
"""What may be in a run that was stopped before its first epoch ended."""
FINISHING: Final = frozenset((PART, TYPICALITY, METRICS, CURVES))
"""What may be there too where it was killed while it was finished."""


class RunConfig(Document):
    """Everything that was decided before the first step."""

    hyperparameters: HyperParameters
    labels: tuple[Label, ...]
    crop: CropGeometry | None
    """How to cut an eye; None for photos that are used whole."""
    dataset: DatasetFacts
    counts: dict[str, dict[str, int]]
    """Photos per split and label."""
    weights: str
    """SHA-256 of the backbone's weights."""
    tools: dict[str, str]

    @classmethod
    def read(cls, run: Path) -> Self:
        """What a run folder holds; raises OSError, ValidationError or TrainingError."""
        return cls.model_validate_json((run / CONFIG).read_bytes())


def read_finished(path: Path) -> RunConfig:
    """What a run was trained with; raises TrainingError where there is none or it is not complete."""
    expected = f"Expected a run of `training fit` in {path}"
    try:
        config = RunConfig.read(path)
    except OSError as error:
        raise TrainingError(f"{expected}. Received: {_instead(path, error)}.") from None
    except ValidationError as error:
        raise TrainingError(f"{expected}. Received: {CONFIG}, {first_fault(error)}. Train again.") from None
    if not is_complete(path):
        raise TrainingError(
            f"The run in {path} has no {MODEL}: it was stopped before it was complete. "
            "Run the same `fit` again."
        )
    return config


def _instead(path: Path, error: OSError) -> str:
    """What is at a path where there is no run that can be read."""
    if not path.exists():
        return "nothing there"
    if not path.is_dir():
        return "a file"
    if (path / MODEL_FILE).is_file() or versions(path):
        return "an exported model (a bundle)"
    if not (path / CONFIG).exists():
        return f"a folder without {CONFIG}"
    return f"{CONFIG}, which cannot be read ({error.strerror})"


def is_complete(path: Path) -> bool:
    """Whether the run in a folder was finished."""
    return (path / MODEL).is_file()


def is_ours(path: Path) -> bool:
    """Whether a folder holds a run, complete or not: its `config.json` is one of ours."""
    try:
        RunConfig.read(path)
    except (OSError, ValidationError, TrainingError):
        return False
    return True


def is_unfinished(path: Path) -> bool:
    """Whether a folder holds a run that was stopped before it was complete, and nothing else."""
    names = {child.name for child in path.iterdir()}
    return names <= UNFINISHED | (FINISHING if PART in names else set()) and is_ours(path)


def remove(path: Path) -> None:
    """Remove what training and reports have written to a folder; what else is there stays."""
    for name in (CONFIG, MODEL, LEARNED, HELD_OUT, TYPICALITY, METRICS, HISTORY, CURVES, PART):
        (path / name).unlink(missing_ok=True)
    reports = (f"{REPORT_FOLDER}/{name}" for name in REPORT_FILES)
    events = f"{TENSORBOARD}/events.out.tfevents.*"
    for pattern in ("evaluation-*.json", "confusion-*.png", events, *reports):
        for file in path.glob(pattern):
            file.unlink()
    for folder in (TENSORBOARD, REPORT_FOLDER):
        with suppress(OSError):  # there is none, or somebody's notes are in it
            (path / folder).rmdir()
