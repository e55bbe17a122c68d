"""Markdown tables of servers on different numbers of CPUs."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.comparison.contenders import Contender
from benchmarks.comparison.paired import beside, by_clients
from benchmarks.comparison.scaling.places import Places
from benchmarks.comparison.summary import RAW, clients_table
from benchmarks.comparison.turns import Found, Seen, quartiles, ratios


@dataclass(frozen=True)
class Measured:
    """All servers on one number of CPUs."""

    places: Places
    found: Found

    @property
    def most(self) -> int:
        """The largest number of clients."""
        return max(clients for _, clients in self.found)

    def rates(self, name: str) -> list[float]:
        """Answers a second of one of them with most clients, in each turn."""
        return self.found[name, self.most].rates


def of_one(measured: Measured, chosen: Sequence[Contender]) -> list[str]:
    """Speed, cost, and the first server beside each other one in the same turn, by clients."""
    found = measured.found
    parts = (by_clients(found), costs(found), beside(found, chosen))
    return [f"## {measured.places}", *(row for part in parts for row in ("", *part)), ""]


def costs(found: Mapping[tuple[str, int], Seen]) -> list[str]:
    """CPU time of an answer, and memory: medians over the turns."""
    cells = {
        key: f"{statistics.median(seen.cpu):.1f}; {statistics.median(seen.memory):.0f}"
        for key, seen in found.items()
    }
    return clients_table(cells, "CPU ms an answer; MB (PSS)")


def of_all(results: Sequence[Measured], chosen: Sequence[Contender]) -> list[str]:
    """Answers a second with most clients by CPUs, and their share of raw ONNX Runtime in the same turn."""
    heads = " | ".join(one.name for one in chosen)
    lines = [f"| CPUs | clients | {RAW} | {heads} |", "|---" * (3 + len(chosen)) + "|"]
    for measured in results:
        raw = measured.rates(RAW)
        cells = [_share(measured.rates(one.name), raw) for one in chosen]
        count = f"{len(measured.places.servers)}{' (shared)' if measured.places.shared else ''}"
        lines.append(f"| {count} | {measured.most} | {statistics.median(raw):.1f} | {' | '.join(cells)} |")
    return lines


def _share(mine: Sequence[float], raw: Sequence[float]) -> str:
    low, middle, high = quartiles(ratios(mine, raw))
    return f"{statistics.median(mine):.1f}: {middle:.0%} of raw ({low:.0%} to {high:.0%})"
