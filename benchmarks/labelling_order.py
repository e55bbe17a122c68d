"""What a model's suggestions and its order of the photos save somebody who labels.

    python -m benchmarks.labelling_order DATA MODEL [--split validation]

The photos of one split, whose people MODEL has never seen, are labelled by what `labels.csv` says, first in
the order in which `training label --model` asks, then in random orders. Two numbers after each N answers: how
many labels of all photos are right when the model labels the rest; and how good a classifier is that learned
from these N alone (logistic regression on the backbone's features; balanced accuracy on people held out).
"""

import argparse
import csv
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from training.console import say
from training.labelling.asking import ask_model
from training.labelling.suggestions import Suggestions
from training.tables import table

ORDERS: Final = 200
"""Random orders that the model's is compared with."""
DRAWS: Final = 20
"""Draws of people to hold out."""
HELD_OUT: Final = 0.4
REGULARISATION: Final = 100.0
"""Of features of length one."""

Indices = NDArray[np.int64]


def in_its_order(suggestions: Suggestions, photos: Indices, count: int) -> Indices:
    """The first `count` of the photos in the order in which the labelling page asks for them."""
    waiting, asked = photos.tolist(), list[int]()
    for _ in range(count):
        asked.append(suggestions.choose(waiting, asked))
        waiting.remove(asked[-1])
    return np.array(asked, dtype=np.int64)


def right_labels(right: NDArray[np.bool_], order: Indices, count: int) -> float:
    """Share of right labels after `count` answers, where the model labels the rest."""
    kept = right.copy()
    kept[order[:count]] = True
    return float(kept.mean())


def learned(features: NDArray[np.float32], targets: Indices, labelled: Indices, held_out: Indices) -> float:
    """Balanced accuracy on `held_out` of what can be learned from `labelled`."""
    if len(set(targets[labelled])) < 2:
        return float("nan")
    model = LogisticRegression(C=REGULARISATION, class_weight="balanced", max_iter=1000)
    model.fit(features[labelled], targets[labelled])
    return float(balanced_accuracy_score(targets[held_out], model.predict(features[held_out])))


def compare_learning(
    suggestions: Suggestions, targets: Indices, people: NDArray[np.str_], counts: list[int]
) -> NDArray[np.float64]:
    """Mean accuracy `[counts, 2]` with labels in the model's order and in random order."""
    chance = np.random.default_rng(0)
    everybody, scores = np.unique(people), np.zeros((DRAWS, len(counts), 2))
    for draw in range(DRAWS):
        out = np.isin(people, chance.choice(everybody, round(HELD_OUT * len(everybody)), replace=False))
        pool, held_out = np.flatnonzero(~out), np.flatnonzero(out)
        orders = (in_its_order(suggestions, pool, max(counts)), chance.permutation(pool))
        for row, count in enumerate(counts):
            for column, order in enumerate(orders):
                scores[draw, row, column] = learned(suggestions.looks, targets, order[:count], held_out)
    means: NDArray[np.float64] = np.nanmean(scores, axis=0)
    return means


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="a folder with labels.csv")
    parser.add_argument("model", type=Path, help="a bundle")
    parser.add_argument("--split", default="validation")
    options = parser.parse_args()
    with (options.data / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["split"] == options.split and r["geometry"] == "wide"]
    suggestions = ask_model(options.model, [options.data / row["file"] for row in rows], wide=True)
    targets = np.array([suggestions.labels.index(row["label"]) for row in rows])
    clear = np.array([float(row["agreement"]) >= 0.999 for row in rows])
    right = suggestions.probabilities.argmax(axis=1) == targets
    sure = np.array([suggestions.is_sure(float(row.max())) for row in suggestions.probabilities])
    say(f"{len(rows)} photos of {len({row['person'] for row in rows})} people; suggestions that are right:")
    for name, chosen in (
        ("all", np.ones_like(sure)),
        ("clear-cut", clear),
        ("sure", sure),
        ("unsure", ~sure),
    ):
        say(f"  {name}: {right[chosen].mean():.1%} of {chosen.sum()}")

    counts = [n for n in (25, 50, 75, 100, 150, 200) if n < len(rows)]
    order = in_its_order(suggestions, np.arange(len(rows)), max(counts))
    chance = np.random.default_rng(0)
    shuffled = [chance.permutation(len(rows)) for _ in range(ORDERS)]
    lines = [
        [
            str(count),
            f"{right_labels(right, order, count):.1%}",
            f"{np.mean([right_labels(right, other, count) for other in shuffled]):.1%}",
        ]
        for count in [0, *counts]
    ]
    for line in table(["answers", "right labels, its order", "right labels, random order"], lines):
        say(line)
    few = [n for n in (25, 50, 75, 100) if n < 0.5 * len(rows)]
    means = compare_learning(suggestions, targets, np.array([row["person"] for row in rows]), few)
    lines = [[str(n), f"{its:.1%}", f"{other:.1%}"] for n, (its, other) in zip(few, means, strict=True)]
    for line in table(["labels learned from", "accuracy, its order", "accuracy, random order"], lines):
        say(line)


if __name__ == "__main__":
    main()
