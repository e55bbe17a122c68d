"""Two pictures of the result: speed under load, and what a server costs while it waits."""

import statistics
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from benchmarks.comparison.summary import RAW, RAW_FOURS, RAW_PHOTOS, Start, Step, bound, median_step

COLOURS = ("#d1495b", "#e9a0aa", "#30638e", "#3c8d5a", "#8a5a9e", "#c98a1b", "#e3bd72", "#7a7a7a")
"""Ours first."""
RAW_LINE: Final[dict[str, Any]] = {
    "color": "black",
    "linestyle": "--",
    "linewidth": 1,
    "label": "raw ONNX Runtime, no server",
}


def draw(steps: Sequence[Step], starts: Sequence[Start], folder: Path) -> list[Path]:
    """Write `comparison-speed.png` and `comparison-cost.png`; returns their paths."""
    with styled():
        return [_speed(steps, folder), _cost(steps, starts, folder)]


def styled() -> AbstractContextManager[None]:
    """How all pictures are drawn."""
    return pyplot.rc_context(
        {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
         "grid.alpha": 0.25, "axes.titlelocation": "left", "axes.titleweight": "bold"}
    )  # fmt: skip


def line(colour: str, name: str) -> dict[str, Any]:
    """How a contender's line is drawn: ours thicker."""
    width = 2.6 if colour == COLOURS[0] else 1.5
    return {"color": colour, "marker": "o", "markersize": 4, "label": name, "linewidth": width}


def _names(steps: Sequence[Step]) -> list[str]:
    raw = (RAW, RAW_FOURS, RAW_PHOTOS)
    return [name for name in dict.fromkeys(one.contender for one in steps) if name not in raw]


def _speed(steps: Sequence[Step], folder: Path) -> Path:
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    levels = sorted({one.clients for one in steps})
    for colour, name in zip(COLOURS, _names(steps), strict=False):
        found = [one for level in levels if (one := median_step(steps, name, level)) is not None]
        clients = [one.clients for one in found]
        style = line(colour, name)
        left.plot(clients, [one.throughput for one in found], **style)
        right.plot(clients, [one.p99 for one in found], **style)
    left.axhline(bound(steps), **RAW_LINE)
    left.set(title="Answers a second (more is better)", ylim=(0, None))
    right.set(title="99th percentile of the latency, ms (less is better)", yscale="log")
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(levels, [str(level) for level in levels])
        axes.set_xlabel("clients, each asking again as soon as it has its answer")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return save(figure, folder / "comparison-speed.png")


def _cost(steps: Sequence[Step], starts: Sequence[Start], folder: Path) -> Path:
    names = [name for name in _names(steps) if any(one.contender == name for one in starts)]
    most = max(one.clients for one in steps)
    figure, panels = pyplot.subplots(1, 2, figsize=(10, 2.9), layout="constrained", sharey=True)
    memory = [found.memory if (found := median_step(steps, name, most)) else 0.0 for name in names]
    seconds = [statistics.median(one.seconds for one in starts if one.contender == name) for name in names]
    for axes, values, title, unit in (
        (panels[0], memory, f"Memory with {most} clients, MB", "{:.0f}"),
        (panels[1], seconds, "Start to the first right answer, seconds", "{:.1f}"),
    ):
        bars = axes.barh(names, values, color=COLOURS[: len(names)], height=0.65)
        axes.bar_label(bars, [unit.format(value) for value in values], padding=4)
        axes.set(title=title, xlim=(0, max(values) * 1.15))
        axes.grid(axis="y", visible=False)
    panels[0].invert_yaxis()
    return save(figure, folder / "comparison-cost.png")


def save(figure: Any, path: Path) -> Path:
    """Write a figure and let go of it; returns the path."""
    figure.savefig(path, dpi=110, facecolor="white")
    pyplot.close(figure)
    return path
