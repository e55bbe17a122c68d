"""A whole training: from a data set to a finished run folder."""

import json
import platform
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.console import say
from training.data.dataset import Dataset, agreement, check_agreement, count_people, people_of
from training.data.learned import save_learned
from training.data.listing import SPLITS
from training.errors import TrainingError
from training.hyperparameters import HyperParameters
from training.interrupts import deferred, interruptible
from training.learning.features import FeatureCache, as_features
from training.learning.fitting import Best, Epoch, Examples, answers, fit
from training.learning.history import History, draw
from training.learning.room import check_room
from training.learning.steps import Stage
from training.measuring.heldout import HeldOut
from training.measuring.metrics import confusion_matrix
from training.network import backbone, run_folders
from training.network.assembly import assemble, build_head, part, trained_part, unlock
from training.network.typicality import Typicality


@dataclass(frozen=True)
class Outcome:
    """How a training went."""

    best: Epoch
    epochs: int
    interrupted: bool
    recall: dict[str, float | None]
    """Share of each class's validation photos that are found; None for a class without any."""
    logits: NDArray[np.float32]
    """The kept epoch's answers to the validation photos, `[M, C]`."""
    seconds: dict[str, float]
    """Wall time of computing features and of training."""


@interruptible()
def train(
    data: Dataset, out: Path, recipe: HyperParameters, cache: Path, weights: str | None = None
) -> Outcome:
    """Train on `data` and write a run folder to `out` (training/network/run_folders.py says what is in it).

    Ctrl-C ends the training between two steps and keeps the best epoch so far. It raises KeyboardInterrupt
    before the first epoch has ended, and after the last one, when the run is complete. Raises TrainingError
    if there is nothing to validate on, or the features do not fit into memory.
    """
    if not data.split("validation"):
        raise TrainingError(f"Expected photos to validate on. Received: none; {_why_none(data)}.")
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()
    began = time.perf_counter()
    values = backbone.load_weights(weights)
    config = _config(data, recipe, backbone.digest(values))
    if recipe.soft_labels == "agreement":
        check_agreement(data.photos)  # before the run that was here goes
    _check_features(data, recipe, backbone.map_shape(recipe.size, values, recipe.cut))
    _prepare(out, config)
    save_learned(data.split("train"), out / run_folders.LEARNED)
    base = backbone.build(recipe.size, values, recipe.end)
    locked = _locked(base, recipe)
    store = FeatureCache(cache, locked, config.weights, config.crop, recipe.seed, recipe.variation)
    examples = _examples(data, store, recipe)
    _keep_validation(out, data, config)
    computed = time.perf_counter()
    network = assemble(base, build_head(base.output.shape[1:], len(data.labels), recipe))
    with History(out) as history:
        best, interrupted = _run_stages(network, examples, recipe, history)
    with deferred("Ctrl-C: the run is being written, a moment."):
        network.save(out / run_folders.PART)
        _keep_typicality(out, data, part(network, recipe.cut, recipe.end), examples["train"])
        draw(history.epochs, best, out / run_folders.CURVES)
        logits = answers(part(network, recipe.cut), examples["validation"].features[0])
        recall = _recall(logits, examples["validation"].targets, data)
        seconds = {"features": computed - began, "training": time.perf_counter() - computed}
        outcome = Outcome(best, len(history.epochs), interrupted, recall, logits, seconds)
        _write_json(out / run_folders.METRICS, _metrics(outcome, data))
        (out / run_folders.PART).replace(out / run_folders.MODEL)
    return outcome


def _why_none(data: Dataset) -> str:
    """Why there is no photo to validate on."""
    is_split = (data.root / "train").is_dir()
    folders = [data.root / name for name, split in SPLITS.items() if is_split and split == "validation"]
    files = (item for item in data.skipped if not item.path.is_dir())
    left_out = [item for item in files if any(map(item.path.is_relative_to, folders))]
    if not left_out:
        return "no class has more than one person"
    path = left_out[0].path.relative_to(data.root)
    return f"{len(left_out)} are left out, the first of them {path}: {left_out[0].reason}"


def _config(data: Dataset, recipe: HyperParameters, weights: str) -> run_folders.RunConfig:
    return run_folders.RunConfig(
        hyperparameters=recipe,
        labels=data.labels,
        crop=recipe.crop if data.has_eyes else None,
        dataset=data.facts(),
        counts={split: data.counts(split) for split in ("train", "validation", "test")},
        weights=weights,
        tools=_tools(),
    )


def _tools() -> dict[str, str]:
    """Versions of what a run's result depends on."""
    found = {name: version(name) for name in ("keras", "numpy", "pillow")}
    backend = keras.config.backend()
    package = {"tensorflow": "tensorflow-cpu"}.get(backend, backend)
    return {"python": platform.python_version(), package: version(package), **found}


def _prepare(out: Path, config: run_folders.RunConfig) -> None:
    out.mkdir(parents=True, exist_ok=True)
    # A run that is stopped early must not look like the finished one that was here before.
    run_folders.remove(out)
    (out / run_folders.CONFIG).write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _check_features(data: Dataset, recipe: HyperParameters, shape: tuple[int, int, int]) -> None:
    """Raise TrainingError where the features of all versions of the photos, float16 `shape`, do not fit."""
    maps = sum(count * len(data.split(split)) for split, count in _versions(recipe).items())
    smaller = ["--size", *(["--augment"] if recipe.augment else [])]
    later = ", or --unfreeze from a later block," if recipe.unfreeze != "none" else ""
    check_room(
        maps * prod(shape) * np.dtype(np.float16).itemsize,
        f"features of {maps:,} versions of photos, {' x '.join(map(str, shape))} values each,",
        f"A smaller {' or '.join(smaller)}{later} or fewer photos take less.",
    )


def _versions(recipe: HyperParameters) -> dict[str, int]:
    """How many versions of each photo there are features of, by split."""
    return {"train": 1 + recipe.augment, "validation": 1}


def _locked(base: keras.Model, recipe: HyperParameters) -> keras.Model:
    return keras.Model(base.input, base.get_layer(recipe.cut).output)


def _examples(data: Dataset, store: FeatureCache, recipe: HyperParameters) -> dict[str, Examples]:
    examples = {}
    for split, count in _versions(recipe).items():
        photos = data.split(split)
        features = store.features(photos, count, f"features of the {split} photos")
        certainty = agreement(photos) if recipe.soft_labels == "agreement" else None
        examples[split] = Examples(features, data.targets(photos), certainty)
    return examples


def _keep_validation(out: Path, data: Dataset, config: run_folders.RunConfig) -> None:
    ids = [label.id for label in data.labels]
    heldout = HeldOut.of(data.split("validation"), ids, config.hyperparameters.size, config.crop)
    heldout.save(out / run_folders.HELD_OUT)


def _keep_typicality(out: Path, data: Dataset, middle: keras.Model, examples: Examples) -> None:
    """Measure the training photos as they are by what the finished base makes of them."""
    maps = examples.features[0] if len(middle.layers) == 1 else answers(middle, examples.features[0])
    people = np.array([photo.person for photo in data.split("train")])
    typicality = Typicality.of(maps, people)
    if typicality is not None:
        typicality.save(out / run_folders.TYPICALITY)


def _run_stages(
    network: keras.Model, examples: dict[str, Examples], recipe: HyperParameters, history: History
) -> tuple[Epoch, bool]:
    """Train the head, then what is to be fine-tuned; the network ends with its best weights."""
    best = Best(part(network, recipe.cut), recipe.best)

    def record(epoch: Epoch) -> None:
        history.add(epoch)
        if best.offer(epoch) and recipe.best != "last":
            say(
                f"epoch {epoch.number} is the best so far: validation loss {epoch.val_loss:.3f}, accuracy "
                f"{epoch.val_accuracy:.1%}, balanced accuracy {epoch.val_balanced_accuracy:.1%}"
            )

    interrupted = False
    try:
        with interruptible():
            if recipe.at_once:
                _train_at_once(network, examples, recipe, record)
            else:
                _train_head(network, examples, recipe, record)
                if recipe.cut != recipe.end:
                    best.restore()
                    _fine_tune(network, examples, recipe, record)
    except KeyboardInterrupt:
        interrupted = True
    if best.epoch is None:
        raise KeyboardInterrupt
    best.restore()
    return best.epoch, interrupted


def _train_head(network: Any, examples: dict[str, Examples], recipe: HyperParameters, record: Any) -> None:
    if recipe.cut != recipe.end:
        middle = part(network, recipe.cut, recipe.end)
        examples = {split: _through(middle, before) for split, before in examples.items()}
    stage = Stage("head", recipe.epochs, recipe.learning_rate)
    fit(
        trained_part(network, recipe.end), examples["train"], examples["validation"], stage, recipe, 1, record
    )


def _train_at_once(network: Any, examples: dict[str, Examples], recipe: HyperParameters, record: Any) -> None:
    unlock(network, recipe.cut)
    stage = Stage("head and base", recipe.epochs, recipe.learning_rate, recipe.fine_tune_rate)
    model = trained_part(network, recipe.cut)
    fit(model, examples["train"], examples["validation"], stage, recipe, 1, record)


def _fine_tune(network: Any, examples: dict[str, Examples], recipe: HyperParameters, record: Any) -> None:
    unlock(network, recipe.cut)
    stage = Stage("fine-tuning", recipe.fine_tune_epochs, recipe.fine_tune_rate)
    model = trained_part(network, recipe.cut)
    fit(model, examples["train"], examples["validation"], stage, recipe, recipe.epochs + 1, record)


def _through(middle: keras.Model, before: Examples) -> Examples:
    features = [as_features(answers(middle, version)) for version in before.features]
    return Examples(np.stack(features), before.targets, before.certainty)


def _recall(
    logits: NDArray[np.float32], targets: NDArray[np.int64], data: Dataset
) -> dict[str, float | None]:
    confusion: NDArray[np.int64] = confusion_matrix(targets, logits.argmax(axis=1), len(data.labels))
    counts = confusion.sum(axis=1)
    return {
        label.id: float(confusion[index, index] / counts[index]) if counts[index] else None
        for index, label in enumerate(data.labels)
    }


def _metrics(outcome: Outcome, data: Dataset) -> dict[str, Any]:
    validation = data.split("validation")
    best = outcome.best
    return {
        "validation": {
            "accuracy": best.val_accuracy,
            "balanced_accuracy": best.val_balanced_accuracy,
            "loss": _finite(best.val_loss),
            "recall": outcome.recall,
            "images": len(validation),
            "people": count_people(people_of(validation)),
        },
        "best_epoch": {
            name: _finite(value) if isinstance(value, float) else value
            for name, value in asdict(best).items()
        },
        "epochs": outcome.epochs,
        "interrupted": outcome.interrupted,
        "seconds": outcome.seconds,
        "skipped": [
            {"file": item.path.relative_to(data.root).as_posix(), "reason": item.reason}
            for item in data.skipped
        ],
    }


def _finite(number: float) -> float | None:
    """For JSON, which has neither NaN nor infinity."""
    return number if np.isfinite(number) else None


def _write_json(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
