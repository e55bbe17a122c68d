"""Compare recipes without touching the validation people: every training person is answered once for.

The people of the training split are dealt into folds. For each fold a network is trained on the others and
answers about this one; the answers of all folds together are scored as one set.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from training.console import say
from training.data.dataset import Dataset, Photo, by_value, check_agreement, people_of
from training.data.splitting import groups, people_of_each
from training.errors import TrainingError
from training.hyperparameters import HyperParameters
from training.learning.session import train
from training.measuring.evaluation import Evaluation
from training.measuring.metrics import score
from training.network import run_folders
from training.network.calibration import softmax

FOLD: Final = re.compile(r"fold-[1-9][0-9]*")


def deal(data: Dataset, folds: int, seed: int) -> Iterator[Dataset]:
    """The training photos as `folds` data sets, each with another part of the people as validation.

    Photos of one person, cut from one photo, or the same byte for byte, stay together; classes keep their
    shares. Raises TrainingError if a class has fewer people than there are folds, or all of them in one: a
    fold would train without it.
    """
    people = groups(data.split("train"))
    photos = [photo for together in people for photo in together]
    group = [number for number, together in enumerate(people) for _ in together]
    targets = data.targets(photos)
    _check_folds(data, people, folds)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for _, held_out in splitter.split(photos, targets, group):
        chosen = set(held_out.tolist())
        dealt = [
            replace(photo, split="validation" if number in chosen else "train")
            for number, photo in enumerate(photos)
        ]
        fold = replace(data, photos=tuple(sorted(dealt, key=lambda photo: photo.path)))
        lost = [label for label, count in fold.counts("train").items() if not count]
        if lost:  # of two or three people, with photos of other classes besides
            raise TrainingError(
                f"Expected photos of every class to train on in each of {folds} folds. Received: one without "
                f"{', '.join(lost)}, whose people fell into one part. Give another --seed, or more folds."
            )
        yield fold


def _check_folds(data: Dataset, people: Sequence[Sequence[Photo]], folds: int) -> None:
    """Raise TrainingError unless there is somebody of each class for each fold; `people` are their photos."""
    if folds < 2:
        raise TrainingError(f"Expected --folds 2 or more. Received: {folds}")
    having = people_of_each(people)
    few = {label.id: having[label.id] for label in data.labels if having[label.id] < folds}
    if not few:
        return
    named = any(photo.named for photo in data.photos)
    units, more = ("people", "photos of more people") if named else ("different photos", "photos")
    alone = [name for name, count in few.items() if count < 2]
    remedy = f"leave out {', '.join(alone)}" if alone else f"give --folds {min(few.values())}"
    raise TrainingError(
        f"Expected {folds} {units} or more of each class to train on, for {folds} folds. "
        f"Received: {', '.join(f'{name} with {count}' for name, count in few.items())}. "
        f"Add {more}, or {remedy}."
    )


def crossvalidate(
    data: Dataset,
    out: Path,
    recipe: HyperParameters,
    cache: Path,
    folds: int = 5,
    weights: str | None = None,
    by: str | None = None,
) -> Evaluation:
    """Train and answer fold by fold; the runs are left in `out/fold-1` and on, in place of those there.

    The last epoch of each fold is kept: one chosen by the photos that it is then scored on would flatter the
    recipe. `by` names a column of `labels.csv` whose values are scored on their own too.

    Raises TrainingError, and KeyboardInterrupt where a fold is stopped: a part of the answers is no result.
    """
    by_value(data.split("train"), by)  # first: a column that is not there should not cost minutes
    recipe = replace(recipe, best="last")
    photos: list[Photo] = []
    logits = []
    dealt = list(deal(data, folds, recipe.seed))
    if recipe.soft_labels == "agreement":
        check_agreement(data.photos)  # before the runs that were here go
    _remove_folds(out)
    document = {"folds": folds, "by": by, "hyperparameters": asdict(recipe)}
    (out / run_folders.RECIPE).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for number, fold in enumerate(dealt, 1):
        say(f"fold {number} of {folds}")
        outcome = train(fold, out / f"fold-{number}", recipe, cache, weights)
        if outcome.interrupted:
            raise KeyboardInterrupt
        logits.append(outcome.logits)
        photos += fold.split("validation")
    return _scored(data, photos, softmax(np.concatenate(logits)), by)


def _remove_folds(out: Path) -> None:
    """Remove the runs of an earlier experiment, of which this one may have fewer; nothing else goes."""
    for path in out.glob("fold-*"):
        if FOLD.fullmatch(path.name) and not path.is_symlink() and run_folders.is_ours(path):
            run_folders.remove(path)
            with suppress(OSError):  # somebody's notes are in it
                path.rmdir()


def _scored(data: Dataset, photos: list[Photo], answers: NDArray[np.float32], by: str | None) -> Evaluation:
    labels = [label.id for label in data.labels]
    truth = data.targets(photos)
    people = people_of(photos)
    parts = {
        part: score(answers[rows], truth[rows], people[rows], labels)
        for part, rows in by_value(photos, by).items()
    }
    return Evaluation("cross-validation", "train", score(answers, truth, people, labels), parts)
