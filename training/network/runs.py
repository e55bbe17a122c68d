"""A finished run of training, with its network (the folder: training/network/run_folders.py)."""

import json
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import NDArray

from service.networks.metadata import Label
from training.data.learned import load_learned
from training.errors import DAMAGED, TrainingError
from training.network.assembly import part
from training.network.calibration import softmax
from training.network.run_folders import LEARNED, METRICS, MODEL, TYPICALITY, RunConfig, read_finished
from training.network.typicality import BOUND, Typicality


class Run:
    """A finished run."""

    def __init__(self, path: Path, config: RunConfig) -> None:
        self.path = path
        self.config = config

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open a run folder; raises TrainingError where there is none or it is not complete."""
        return cls(path, read_finished(path))

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

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the network answers to photos `[N, S, S, 3]`: `[N, C]`."""
        return np.asarray(self.network().predict(images, verbose=0), dtype=np.float32)

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Softmax of the logits for photos `[N, S, S, 3]`: `[N, C]`, not calibrated."""
        return softmax(self.logits(images))

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
