"""The course of a training: a CSV row per epoch, TensorBoard scalars, and a picture of the curves."""

import csv
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import tensorflow as tf

from training.learning.fitting import Epoch
from training.network.run_folders import HISTORY, TENSORBOARD


class History:
    """Writes every epoch as it ends, so that nothing is lost if the run is stopped."""

    def __init__(self, run: Path) -> None:
        self.epochs: list[Epoch] = []
        self._file = (run / HISTORY).open("w", newline="", encoding="utf-8")
        self._rows = csv.DictWriter(self._file, [field.name for field in dataclasses.fields(Epoch)])
        self._rows.writeheader()
        self._board = tf.summary.create_file_writer(str(run / TENSORBOARD))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._board.close()

    def add(self, epoch: Epoch) -> None:
        """Write one epoch."""
        self.epochs.append(epoch)
        values = dataclasses.asdict(epoch)
        self._rows.writerow(
            {key: round(value, 6) if isinstance(value, float) else value for key, value in values.items()}
        )
        self._file.flush()
        with self._board.as_default(step=epoch.number):
            for name, value in values.items():
                if isinstance(value, float):
                    tf.summary.scalar(name, value)
        self._board.flush()


def draw(epochs: Sequence[Epoch], best: Epoch, path: Path) -> None:
    """Draw loss and accuracy by epoch as a PNG, the best epoch marked."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    numbers = [epoch.number for epoch in epochs]
    curves = {
        "Loss": ("loss", "val_loss"),
        "Accuracy": ("accuracy", "val_accuracy", "val_balanced_accuracy"),
    }
    for axes, (title, names) in zip(figure.subplots(1, 2), curves.items(), strict=True):
        for name in names:
            text = name.replace("val_", "validation ").replace("_", " ")
            # With classes of equal size two lines are one, and both are to be seen.
            style = "--" if name == "val_balanced_accuracy" else "-"
            axes.plot(numbers, [getattr(epoch, name) for epoch in epochs], style, label=text)
        axes.axvline(best.number, color="grey", linestyle=":", label=f"best epoch ({best.number})")
        axes.set(title=title, xlabel="epoch")
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=110)
