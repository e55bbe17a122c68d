"""Which photos are like those that a model learned from: of others no answer is certain."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.console import progress
from training.prediction import is_run, open_model

BATCH: Final = 32
Pictures = NDArray[np.uint8]
Scores = Callable[[Pictures], Any]
"""Typicality `[N]`, 0..1, of pictures `[N, S, S, 3]`."""


def typical(path: Path, images: Pictures) -> NDArray[np.bool_]:
    """Bool `[M]` for pictures `[M, S, S, 3]`, as the bundle decides, or the one that `export` makes of a run.

    All of them are typical where the model cannot tell.
    """
    found = _of_run(path) if is_run(path) else _of_bundle(path)
    if found is None:
        return np.ones(len(images), dtype=np.bool_)
    scores, bound = found
    starts = range(0, len(images), BATCH)
    parts = (
        np.ascontiguousarray(images[start : start + BATCH])
        for start in progress(starts, "comparing with training photos", total=len(starts))
    )
    return np.concatenate([np.asarray(scores(part)) >= bound for part in parts])


def _of_bundle(path: Path) -> tuple[Scores, float] | None:
    classifier = open_model(path)
    bound = classifier.metadata.typicality_bound
    if bound is None or not classifier.gives_typicality:
        return None
    return lambda images: classifier.outputs(images).typicality, bound


def _of_run(path: Path) -> tuple[Scores, float] | None:
    # Only runs need Keras, which takes seconds to import.
    from training.network import part
    from training.runs import TYPICALITY, Run
    from training.typicality import BOUND, Typicality

    if not (path / TYPICALITY).is_file():
        return None
    run, typicality = Run.load(path), Typicality.load(path / TYPICALITY)
    network = run.network()
    base = part(network, network.layers[0].name, run.config.hyperparameters.end)
    return lambda images: typicality(base.predict_on_batch(images)), BOUND
