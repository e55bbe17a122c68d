"""The servers that are close, in short turns: who answers more often, whatever mood the machine is in.

    python -m benchmarks.comparison.paired [--model MODEL] [--with NAME...] [--turns 20] [--seconds 0.75]

All servers are up at once; one at a time is asked, in an order that moves on with every turn. So a machine
that is faster or slower from one minute to the next, as virtual ones are, is so for all of them. Every turn
opens new connections: a server that hands them to its processes unevenly is met with good luck and with bad.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks import machine
from benchmarks.comparison.contenders import PACKAGES, Contender, contenders
from benchmarks.comparison.load import load
from benchmarks.comparison.measuring import CLIENTS, PICTURES, Plan, expected, warm
from benchmarks.comparison.summary import clients_table, rates
from training.console import say
from training.prediction import model_file

Item = TypeVar("Item")


@dataclass
class Seen:
    """What one server did under one number of clients."""

    rates: list[float] = field(default_factory=list)
    """Right answers a second in each turn."""
    latencies: list[float] = field(default_factory=list)
    """Milliseconds of all right answers."""
    failures: int = 0

    def percentile(self, share: float) -> float:
        """Of all latencies, in milliseconds."""
        return float(np.percentile(self.latencies, share))


def main() -> None:
    """Measure and print two Markdown tables."""
    names = [one.name for one in contenders()]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=Path("models/eye-shape"))
    parser.add_argument(
        "--with", nargs="+", dest="others", choices=names[1:], default=["LitServe", "BentoML"]
    )
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.75, help="length of a turn")
    options = parser.parse_args()
    chosen = [one for one in contenders() if one.name in (names[0], *options.others)]
    for one in chosen:
        if (reason := one.missing()) is not None:
            parser.error(f"{one.name}: {reason}")
    with tempfile.TemporaryDirectory() as scratch:
        plan = Plan(
            model_file(options.model), PICTURES, CLIENTS, options.seconds, options.seconds, Path(scratch)
        )
        found = compare(chosen, plan, options.turns)
    say(machine.describe(*PACKAGES))
    for line in (*by_clients(found), "", *ratios(found, chosen)):
        say(line)


def compare(chosen: Sequence[Contender], plan: Plan, turns: int) -> dict[tuple[str, int], Seen]:
    """Every server under every number of clients, in turns."""
    found = {(one.name, clients): Seen() for one in chosen for clients in plan.clients}
    with ExitStack() as stack:
        up = []
        for one in chosen:
            asked = expected(one, plan)
            _, port, _ = stack.enter_context(warm(one, asked, plan))
            up.append((one, port, asked))
        for clients in plan.clients:
            say(f"{clients} clients")
            for turn in range(turns + 1):
                for one, port, asked in _moved_on(up, turn):
                    seen = load(port, one.path, asked, one.read, clients, plan.seconds)
                    if turn == 0:  # warms everything up
                        continue
                    mine = found[one.name, clients]
                    mine.rates.append(len(seen.latencies) / seen.seconds)
                    mine.latencies += [1000 * seconds for seconds in seen.latencies]
                    mine.failures += sum(seen.failures.values())
    return found


def _moved_on(items: Sequence[Item], places: int) -> Iterator[Item]:
    for number in range(len(items)):
        yield items[(number + places) % len(items)]


def by_clients(found: dict[tuple[str, int], Seen]) -> list[str]:
    """Medians of the answers a second, and percentiles of all latencies."""
    cells = {}
    for key, seen in found.items():
        shares = (seen.percentile(share) for share in (50, 95, 99))
        wrong = f" ({seen.failures} wrong)" if seen.failures else ""
        cells[key] = rates(statistics.median(seen.rates), *shares) + wrong
    return clients_table(cells)


def ratios(found: dict[tuple[str, int], Seen], chosen: Sequence[Contender]) -> list[str]:
    """How many times as many answers as each other server, turn by turn, and the ratio of the p99."""
    own, others = chosen[0], chosen[1:]
    heads = " | ".join(f"answers beside {one.name} | quartiles | ahead | p99" for one in others)
    lines = [f"| clients | {heads} |", "|---" * (4 * len(others) + 1) + "|"]
    for clients in sorted({clients for _, clients in found}):
        mine, cells = found[own.name, clients], []
        for one in others:
            theirs = found[one.name, clients]
            each = [a / b for a, b in zip(mine.rates, theirs.rates, strict=True)]
            low, middle, high = np.percentile(each, (25, 50, 75))
            ahead = sum(ratio > 1 for ratio in each)
            late = mine.percentile(99) / theirs.percentile(99)
            cells.append(f"{middle:.2f} | {low:.2f} to {high:.2f} | {ahead} of {len(each)} | {late:.2f}")
        lines.append(f"| {clients} | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
