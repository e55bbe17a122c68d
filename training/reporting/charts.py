"""Curves of a report: as SVG for the page, in the colours of its theme, and as PNG files."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.measuring.metrics import bins_of
from training.reporting.robustness import Curve

INK: Final = "#123456"
"""Stands for the page's own colour of text until the SVG is in the page."""
ONE: Final = "#6a66e0"
TWO: Final = "#e8590c"
THREE: Final = "#1f9d63"
STYLE: Final[dict[Any, Any]] = {
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "font.family": "sans-serif",
}


class Chart:
    """A figure that is drawn once and kept in two forms."""

    def __init__(self, name: str, width: float, height: float, rows: int = 1, columns: int = 1) -> None:
        self.name = name
        with matplotlib.rc_context(STYLE):
            self.figure = Figure(figsize=(width, height), layout="constrained")
            self.axes: list[Any] = list(self.figure.subplots(rows, columns, squeeze=False).ravel())
        for axes in self.axes:
            axes.grid(alpha=0.2)

    def svg(self) -> Markup:
        """For a page: text stays text, and the ink is the page's."""
        file = io.StringIO()
        with matplotlib.rc_context({**STYLE, "svg.hashsalt": self.name}):
            self.figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        text = file.getvalue()
        text = text[text.index("<svg") :].replace(INK, "currentColor")
        text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
        # Ids must be the chart's own where several charts share a page.
        text = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{self.name}-", text)
        return Markup(
            re.sub(
                r'width="[\d.]+pt" height="[\d.]+pt"', f'role="img" aria-label="{self.name}"', text, count=1
            )
        )

    def png(self, path: Path) -> None:
        """For everything else."""
        with matplotlib.rc_context(STYLE):
            self.figure.savefig(path, dpi=120)


def reliability(
    raw: NDArray[np.float32], calibrated: NDArray[np.float32], labels: NDArray[np.int64], threshold: float
) -> Chart:
    """How often answers of each confidence are right (Guo et al. 2017), and how many there are."""
    chart = Chart("reliability", 5.6, 4.6)
    axes = chart.axes[0]
    axes.plot([0, 1], [0, 1], color=INK, alpha=0.4, linestyle=":", label="perfectly calibrated")
    both = [("calibrated", calibrated, ONE)]
    if not np.allclose(raw, calibrated, atol=1e-4):
        both.insert(0, ("as the network answers", raw, TWO))
    for name, probabilities, colour in both:
        confidence = probabilities.max(axis=1).astype(np.float64)
        right, bins = probabilities.argmax(axis=1) == labels, bins_of(confidence)
        used = np.unique(bins)
        x = [float(confidence[bins == one].mean()) for one in used]
        y = [float(right[bins == one].mean()) for one in used]
        sizes = [12 + 400 * float((bins == one).mean()) for one in used]
        axes.plot(x, y, color=colour, label=name)
        axes.scatter(x, y, s=sizes, color=colour, alpha=0.55)
    axes.axvline(threshold, color=INK, alpha=0.5, linestyle="--", label=f"not sure below {threshold:.0%}")
    axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1.02), ylim=(0, 1.02))
    _legend(axes, "upper left")
    return chart


def risk_coverage(
    confidence: NDArray[np.float32], right: NDArray[np.bool_], typical: NDArray[np.bool_], sure: float
) -> Chart:
    """The share of wrong answers, if only the surest are given (El-Yaniv and Wiener 2010).

    `sure` is the share of answers that are certain. Photos that are not typical come last: no answer about
    them is.
    """
    order = np.lexsort((-confidence, ~typical))
    counts = np.arange(1, len(order) + 1)
    risk = np.cumsum(~right[order]) / counts
    chart = Chart("risk-coverage", 5.6, 4.6)
    axes = chart.axes[0]
    axes.plot(counts / len(order), risk, color=ONE, label="surest answers first")
    axes.plot(
        counts / len(order),
        np.maximum(0, counts - right.sum()) / counts,
        color=THREE,
        linestyle=":",
        label="if it knew its mistakes",
    )
    axes.axvline(sure, color=INK, alpha=0.5, linestyle="--", label=f"answers it is sure of ({sure:.0%})")
    axes.set(xlabel="share of photos answered", ylabel="share of wrong answers", xlim=(0, 1.02))
    axes.set_ylim(bottom=0)
    _legend(axes, "best")
    return chart


def history(path: Path) -> Chart | None:
    """Loss and accuracy by epoch from a run's table; None where there is none."""
    if not path.is_file():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return None
    chart = Chart("curves", 10, 3.6, columns=2)
    epochs = [int(row["number"]) for row in rows]
    plots = (
        ("loss", ("loss", "val_loss")),
        ("accuracy", ("accuracy", "val_accuracy", "val_balanced_accuracy")),
    )
    for axes, (title, names) in zip(chart.axes, plots, strict=True):
        for name, colour in zip(names, (TWO, ONE, THREE), strict=False):
            if name in rows[0]:
                text = name.replace("val_", "validation ").replace("_", " ")
                values = [float(row[name] or "nan") for row in rows]
                style = "--" if name == "val_balanced_accuracy" else "-"
                axes.plot(epochs, values, style, color=colour, label=text if text != title else "training")
        axes.set(xlabel="epoch", ylabel=title)
        _legend(axes, "best")
    return chart


def robustness(curves: Sequence[Curve]) -> Chart:
    """A small picture per trouble: accuracy and mean confidence."""
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    chart = Chart("robustness", 3.4 * columns, 3 * rows, rows, columns)
    # Browsers set text a little larger than it was measured.
    chart.figure.get_layout_engine().set(h_pad=0.15, w_pad=0.1)  # type: ignore[call-arg, union-attr]
    for axes, curve in zip(chart.axes, curves, strict=False):
        places = range(len(curve.levels))
        axes.plot(places, curve.accuracy, color=ONE, marker="o", label="accuracy")
        axes.plot(places, curve.confidence, color=TWO, linestyle="--", label="mean confidence")
        axes.set_xticks(list(places), labels=["none", *(f"{level:g}" for level in curve.levels[1:])])
        axes.set(title=curve.trouble.name, xlabel=curve.trouble.unit, ylim=(0, 1.02))
    _legend(chart.axes[0], "lower left")
    for axes in chart.axes[len(curves) :]:
        axes.set_visible(False)
    return chart


def _legend(axes: Any, place: str) -> None:
    axes.legend(fontsize=8, loc=place, frameon=False, labelcolor=INK)
