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
"""

import json
import platform
import shutil
import zipfile
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Self

import keras
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from service.networks.metadata import CropGeometry, DatasetFacts, Document, Label
from service.validation import first_fault
from training.data.learned import load_learned
from training.errors import DAMAGED, TrainingError
from training.hyperparameters import HyperParameters
from training.locking import LOCK
from training.network.assembly import part
from training.network.calibration import softmax
from training.network.typicality import BOUND, Typicality

CONFIG: Final = "config.json"
MODEL: Final = "model.keras"
LEARNED: Final = "learned.txt"
HELD_OUT: Final = "validation.npz"
TYPICALITY: Final = "typical.npz"
METRICS: Final = "metrics.json"
HISTORY: Final = "history.csv"
CURVES: Final = "curves.png"
TENSORBOARD: Final = "tensorboard"
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


class Run:
    """A finished run."""

    def __init__(self, path: Path, config: RunConfig) -> None:
        self.path = path
        self.config = config

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open a run folder; raises TrainingError where there is none or it is not complete."""
        expected = f"Expected a run of `training fit` in {path}"
        try:
            config = RunConfig.read(path)
        except OSError as error:
            raise TrainingError(f"{expected}. Received: {error.strerror}.") from None
        except ValidationError as error:
            place, fault = first_fault(error)
            reason = f"{place or 'all of it'}: {fault}"
            raise TrainingError(f"{expected}. Received: {CONFIG}, {reason}. Train again.") from None
        if not is_complete(path):
            raise TrainingError(f"The run in {path} has no {MODEL}: it was stopped before it was complete.")
        return cls(path, config)

    @property
    def labels(self) -> tuple[Label, ...]:
        """The classes in the order of the network's outputs."""
        return self.config.labels

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """The document `metrics.json`."""
        document: dict[str, Any] = json.loads((self.path / METRICS).read_text())
        return document

    @cached_property
    def _network(self) -> keras.Model:
        path = self.path / MODEL
        try:
            return keras.saving.load_model(path, compile=False)
        except (*DAMAGED, TypeError) as error:
            whole = zipfile.is_zipfile(path)  # else Keras says that there is no file
            reason = str(error).partition("\n")[0] if whole else "it is cut off, or another file"
            raise TrainingError(f"Expected a network of Keras in {path} ({reason}). Train again.") from None

    def network(self) -> keras.Model:
        """The best epoch's network: `image` `[N, S, S, 3]`, RGB 0..255, to logits `[N, C]`.

        Raises TrainingError where its file is damaged.
        """
        return self._network

    def logits(self, images: NDArray[np.uint8], batch: int = 32) -> NDArray[np.float32]:
        """What the network answers to photos `[N, S, S, 3]`: `[N, C]`."""
        return np.asarray(self.network().predict(images, batch_size=batch, verbose=0), dtype=np.float32)

    def probabilities(self, images: NDArray[np.uint8], batch: int = 32) -> NDArray[np.float32]:
        """Softmax of the logits for photos `[N, S, S, 3]`: `[N, C]`, not calibrated."""
        return softmax(self.logits(images, batch))

    def typical(self, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Whether photos `[N, S, S, 3]` are like the training photos, `[N]`; true where it cannot tell."""
        if self.typicality is None:
            return np.ones(len(images), dtype=np.bool_)
        return np.asarray(self.typicality(self.base.predict_on_batch(images)) >= BOUND)

    @cached_property
    def typicality(self) -> Typicality | None:
        """What its training photos are like; None where the run did not keep it."""
        path = self.path / TYPICALITY
        return Typicality.load(path) if path.is_file() else None

    @property
    def learned(self) -> frozenset[str] | None:
        """Digests of its training photos; None where the run did not keep them."""
        return load_learned(self.path / LEARNED)

    @cached_property
    def base(self) -> keras.Model:
        """The network without its head: `image` `[N, S, S, 3]` to maps `[N, H, W, D]`."""
        network = self.network()
        return part(network, network.layers[0].name, self.config.hyperparameters.end)


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
    for name in (TENSORBOARD, "report"):
        shutil.rmtree(path / name, ignore_errors=True)
    for pattern in ("evaluation-*.json", "confusion-*.png"):
        for file in path.glob(pattern):
            file.unlink()


def tools() -> dict[str, str]:
    """Versions of what a run's result depends on."""
    found = {name: version(name) for name in ("keras", "numpy", "pillow")}
    backend = keras.config.backend()
    package = {"tensorflow": "tensorflow-cpu"}.get(backend, backend)
    return {"python": platform.python_version(), package: version(package), **found}
