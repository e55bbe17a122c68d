"""From steps to medians and Markdown tables."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import records
from benchmarks.comparison.contenders import PACKAGES
from benchmarks.percentiles import median, percentile

RAW = "raw ONNX Runtime, arrays"
RAW_FOURS = "raw ONNX Runtime, arrays, four at a time"
RAW_PHOTOS = "raw ONNX Runtime, photos decoded"


@dataclass(frozen=True)
class Step:
    """One contender under one number of clients in one round."""

    contender: str
    round: int
    clients: int
    throughput: float
    """Right answers a second."""
    p50: float
    p95: float
    p99: float
    """Milliseconds."""
    answers: int
    failures: int
    cpu: float
    """CPU milliseconds of the server for each answer."""
    memory: float
    """Megabytes (PSS) at the end of the step."""


@dataclass(frozen=True)
class Start:
    """One contender after its start."""

    contender: str
    round: int
    seconds: float
    """From the start of the process to the first right answer."""
    memory: float
    """Megabytes (PSS) at rest after the warm-up."""


def step(
    contender: str,
    number: int,
    clients: int,
    seconds: float,
    latencies: Sequence[float],
    failures: int,
    cpu_seconds: float,
    memory: float,
) -> Step:
    """Summarise one step; latencies in seconds. Without any right answer the percentiles are not a number."""
    p50, p95, p99 = (1000 * percentile(latencies, share) for share in (50, 95, 99))
    cost = cpu_seconds * 1000 / len(latencies) if len(latencies) else float("nan")
    rate = len(latencies) / seconds
    return Step(contender, number, clients, rate, p50, p95, p99, len(latencies), failures, cost, memory)


def median_step(steps: Sequence[Step], contender: str, clients: int) -> Step | None:
    """Medians over the rounds that have a number, failures added up; None where it was not measured."""
    chosen = [one for one in steps if one.contender == contender and one.clients == clients]
    if not chosen:
        return None

    def middle(name: str) -> float:
        return median(getattr(one, name) for one in chosen)

    return Step(
        contender, 0, clients, middle("throughput"), middle("p50"), middle("p95"), middle("p99"),
        sum(one.answers for one in chosen), sum(one.failures for one in chosen), middle("cpu"),
        middle("memory"),
    )  # fmt: skip


def bound(steps: Sequence[Step], number: int | None = None, raw: str = RAW) -> float:
    """Pictures a second of raw ONNX Runtime at its best: of one round, or the median of the rounds."""
    rounds = sorted({one.round for one in steps if one.contender == raw})
    best = {
        each: max(one.throughput for one in steps if one.contender == raw and one.round == each)
        for each in rounds
    }
    return best[number] if number is not None else statistics.median(best.values())


def ratio(steps: Sequence[Step], contender: str, clients: int, raw: str = RAW) -> float:
    """Median over the rounds of throughput against raw ONNX Runtime in the same round."""
    chosen = [one for one in steps if one.contender == contender and one.clients == clients]
    return statistics.median(one.throughput / bound(steps, one.round, raw) for one in chosen)


def overview(steps: Sequence[Step], starts: Sequence[Start], clients: int) -> list[str]:
    """One row per contender at so many clients, with memory and start."""
    lines = [
        f"| {counted(clients, 'client')} | answers a second | of raw | p50 | p95 | p99 | "
        "CPU an answer | memory at rest, under load | first answer after | wrong |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(one.contender for one in steps):
        at = clients if median_step(steps, name, clients) else 2
        found = median_step(steps, name, at)
        if found is None:
            continue
        mine = [one for one in starts if one.contender == name]
        rest = f"{statistics.median(one.memory for one in mine):.0f}, " if mine else ""
        first = f"{statistics.median(one.seconds for one in mine):.1f} s" if mine else "-"
        lines.append(
            f"| {name} | {found.throughput:.1f} | {ratio(steps, name, at):.0%} | {found.p50:.1f} ms | "
            f"{found.p95:.1f} ms | {found.p99:.1f} ms | {found.cpu:.1f} ms | {rest}{found.memory:.0f} MB | "
            f"{first} | {found.failures} |"
        )
    return lines


def by_clients(steps: Sequence[Step]) -> list[str]:
    """Throughput and percentiles for every number of clients."""
    cells = {}
    for key in dict.fromkeys((one.contender, one.clients) for one in steps):
        found = median_step(steps, *key)
        assert found is not None
        cells[key] = rates(found.throughput, found.p50, found.p95, found.p99)
    return clients_table(cells)


def counted(number: int, what: str, plural: str = "s") -> str:
    """So many of something, in words that fit one and many."""
    return f"{number} {what}{plural if number > 1 else ''}"


def about(model: Path) -> dict[str, Any]:
    """When, on what and of which model it was measured."""
    return records.about(*PACKAGES) | {"model": "/".join(model.parts[-3:-1])}


def rates(throughput: float, p50: float, p95: float, p99: float) -> str:
    """A cell of `clients_table`."""
    return f"{throughput:.1f}; {p50:.1f} / {p95:.1f} / {p99:.1f}"


def clients_table(
    cells: Mapping[tuple[str, int], str], what: str = "answers a second; p50 / p95 / p99 in ms"
) -> list[str]:
    """A row for each contender and a column for each number of clients, a dash where there is no cell."""
    levels = sorted({clients for _, clients in cells})
    lines = [f"| {what} | " + " | ".join(map(str, levels)) + " |"]
    lines.append("|---" * (len(levels) + 1) + "|")
    for name in dict.fromkeys(contender for contender, _ in cells):
        row = " | ".join(cells.get((name, clients), "-") for clients in levels)
        lines.append(f"| {name} | {row} |")
    return lines
