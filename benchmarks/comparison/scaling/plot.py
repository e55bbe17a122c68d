"""A picture of the answers a second by the servers' CPUs."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import pyplot

from benchmarks.comparison.contenders import Contender
from benchmarks.comparison.plots import COLOURS, RAW_LINE, line, save, styled
from benchmarks.comparison.scaling.tables import Measured
from benchmarks.comparison.summary import RAW, counted


def draw(
    results: Sequence[Measured], chosen: Sequence[Contender], per_cpu: Sequence[int], path: Path
) -> Path:
    """One panel for each number of clients per CPU, medians over the turns; returns the path."""
    with styled():
        figure, row = pyplot.subplots(
            1, len(per_cpu), figsize=(5 * max(2, len(per_cpu)), 4.4), layout="constrained",
            sharex=True, sharey=True, squeeze=False,
        )  # fmt: skip
        for axes, level in zip(row[0], per_cpu, strict=True):
            _panel(axes, results, chosen, level)
        # Both from nothing: what uses all CPUs alike is a straight line out of the corner.
        row[0][0].set(xlim=(0, None), ylim=(0, None))
        handles = row[0][0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False)
        return save(figure, path)


def _panel(axes: Any, results: Sequence[Measured], chosen: Sequence[Contender], level: int) -> None:
    counts = [len(measured.places.servers) for measured in results]
    for colour, one in zip(COLOURS, chosen, strict=False):
        keys = [(one.name, level * count) for count in counts]
        seen = [measured.found[key] for measured, key in zip(results, keys, strict=True)]
        axes.plot(counts, [statistics.median(each.rates) for each in seen], **line(colour, one.name))
    raw = [statistics.median(measured.rates(RAW)) for measured in results]
    axes.plot(counts, raw, marker="o", markersize=4, **RAW_LINE)
    axes.set(
        title=f"Answers a second, {counted(level, 'client')} for each CPU",
        xlabel="CPUs of the server",
        xticks=counts,
    )
