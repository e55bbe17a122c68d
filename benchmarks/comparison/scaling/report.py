"""The tables, a picture, and all numbers for other programs, of servers on different numbers of CPUs."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import records
from benchmarks.comparison.contenders import Contender
from benchmarks.comparison.scaling.places import Places
from benchmarks.comparison.scaling.plot import draw
from benchmarks.comparison.scaling.tables import Measured, of_all, of_one
from benchmarks.comparison.summary import about
from benchmarks.comparison.turns import Found, Seen


class Report:
    """What was measured so far."""

    def __init__(
        self, model: Path, chosen: Sequence[Contender], per_cpu: Sequence[int], turns: int, seconds: float
    ) -> None:
        self._chosen = chosen
        self._per_cpu = sorted(set(per_cpu))
        self._about = about(model) | {
            "turns": turns,
            "seconds": seconds,
            "settings": {one.name: one.settings for one in chosen},
        }
        self._measured: list[Measured] = []

    def add(self, places: Places, found: Found) -> None:
        """Take along what all servers did on one number of CPUs."""
        self._measured.append(Measured(places, found))

    def lines(self) -> list[str]:
        """In Markdown: all numbers of CPUs together, then each in full."""
        known = self._about
        lines = [
            f"{known['date']}, {known['machine']}, model {known['model']}, "
            f"{known['turns']} turns of {known['seconds']:g} seconds",
            "",
            *of_all(self._measured, self._chosen),
            "",
        ]
        for measured in self._measured:
            lines += of_one(measured, self._chosen)
        return lines + [f"- {one.name}: {one.settings}." for one in self._chosen]

    def write(self, folder: Path) -> None:
        """Write `scaling.md`, `scaling.json` and `scaling.png`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "scaling.md").write_text("\n".join(self.lines()) + "\n", encoding="utf-8")
        document = self._about | {"measured": [_document(measured) for measured in self._measured]}
        records.write(folder / "scaling.json", document)
        draw(self._measured, self._chosen, self._per_cpu, folder / "scaling.png")


def _document(measured: Measured) -> dict[str, Any]:
    """Every turn, but of the latencies percentiles only."""
    return {
        "servers": measured.places.servers,
        "clients": measured.places.clients,
        "shared": measured.places.shared,
        "seen": [_row(*key, seen) for key, seen in measured.found.items()],
    }


def _row(name: str, clients: int, seen: Seen) -> dict[str, Any]:
    return {
        "contender": name,
        "clients": clients,
        "rates": seen.rates,
        "milliseconds": {f"p{share}": _known(seen.percentile(share)) for share in (50, 95, 99)},
        "answers": len(seen.latencies),
        "failures": seen.failures,
        "cpu_milliseconds": [_known(value) for value in seen.cpu],
        "megabytes": [_known(value) for value in seen.memory],
    }


def _known(value: float) -> float | None:
    """JSON has no "not a number"."""
    return None if math.isnan(value) else value
