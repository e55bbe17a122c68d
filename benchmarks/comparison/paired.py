"""The servers that are close, in short turns: who answers more often, whatever mood the machine is in.

    python -m benchmarks.comparison.paired [--model MODEL] [--with NAME...] [--clients N...] [--turns 20]

All servers are up at once; one at a time is asked, in an order that moves on with every turn. So a machine
that is faster or slower from one minute to the next, as virtual ones are, is so for all of them. Every turn
opens new connections: a server that hands them to its processes unevenly is met with good luck and with bad.
With most clients ONNX Runtime has its turns too, without a server: on arrays, and on photos that it decodes.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from benchmarks import machine
from benchmarks.comparison import load
from benchmarks.comparison.contenders import PACKAGES, Contender, contenders
from benchmarks.comparison.measuring import CLIENTS, PICTURES, Plan, expected, warm
from benchmarks.comparison.summary import RAW, RAW_PHOTOS, clients_table, rates
from training.console import say
from training.prediction import model_file

Item = TypeVar("Item")
Ask = Callable[[int], load.Seen]
"""From the number of clients to what they saw in one turn."""
KINDS: Final = {RAW: "arrays", RAW_PHOTOS: "photos"}


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
    """Measure and print three Markdown tables."""
    names = [one.name for one in contenders()]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=Path("models/eye-shape"))
    parser.add_argument(
        "--with", nargs="+", dest="others", choices=names[1:], default=["LitServe", "BentoML"]
    )
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.75, help="length of a turn")
    options = parser.parse_args()
    chosen = [one for one in contenders() if one.name in (names[0], *options.others)]
    for one in chosen:
        if (reason := one.missing()) is not None:
            parser.error(f"{one.name}: {reason}")
    with tempfile.TemporaryDirectory() as scratch:
        model, clients = model_file(options.model), tuple(options.clients)
        plan = Plan(model, PICTURES, clients, options.seconds, options.seconds, Path(scratch))
        found = compare(chosen, plan, options.turns)
    say(machine.describe(*PACKAGES))
    for line in (*by_clients(found), "", *ratios(found, chosen), "", *of_raw(found, chosen[0])):
        say(line)


def compare(chosen: Sequence[Contender], plan: Plan, turns: int) -> dict[tuple[str, int], Seen]:
    """Every server under every number of clients, in turns; without one under the largest number."""
    found: dict[tuple[str, int], Seen] = {}
    with ExitStack() as stack:
        asked = [(one.name, stack.enter_context(_served(one, plan))) for one in chosen]
        bare = [(name, stack.enter_context(_bare(kind, plan))) for name, kind in KINDS.items()]
        for clients in plan.clients:
            say(f"{clients} clients")
            together = [*asked, *bare] if clients == max(plan.clients) else asked
            for turn in range(turns + 1):
                for name, ask in _moved_on(together, turn):
                    seen = ask(clients)
                    if turn == 0:  # warms everything up
                        continue
                    mine = found.setdefault((name, clients), Seen())
                    mine.rates.append(len(seen.latencies) / seen.seconds)
                    mine.latencies += [1000 * seconds for seconds in seen.latencies]
                    mine.failures += sum(seen.failures.values())
    return found


@contextmanager
def _served(one: Contender, plan: Plan) -> Iterator[Ask]:
    questions = expected(one, plan)
    with warm(one, questions, plan) as (_, port, _):
        yield lambda clients: load.load(port, one.path, questions, one.read, clients, plan.seconds)


@contextmanager
def _bare(kind: str, plan: Plan) -> Iterator[Ask]:
    command = [sys.executable, "-m", "benchmarks.comparison.raw", "turns", *map(str, plan.photos)]
    with subprocess.Popen(
        command, env=plan.environment(0), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        told, heard = process.stdin, process.stdout

        def ask(_: int) -> load.Seen:
            told.write(f"{kind} {plan.seconds}\n")
            told.flush()
            return load.Seen(**json.loads(heard.readline()))

        yield ask
        told.close()  # which ends it


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


def of_raw(found: dict[tuple[str, int], Seen], own: Contender) -> list[str]:
    """Answers as a share of what ONNX Runtime does without a server in the same turn."""
    lines = ["| clients | beside | of its answers | quartiles |", "|---|---|---|---|"]
    for name, clients in found:
        if name in KINDS:
            pairs = zip(found[own.name, clients].rates, found[name, clients].rates, strict=True)
            low, middle, high = np.percentile([mine / bare for mine, bare in pairs], (25, 50, 75))
            lines.append(f"| {clients} | {name} | {middle:.0%} | {low:.0%} to {high:.0%} |")
    return lines


if __name__ == "__main__":
    main()
