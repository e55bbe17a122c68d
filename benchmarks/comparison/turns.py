"""Servers that are up at once, asked one at a time in turns, and what each of them did."""

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from benchmarks.comparison import load
from benchmarks.comparison.contenders import Contender
from benchmarks.comparison.measuring import Plan, expected, warm
from benchmarks.comparison.summary import counted
from benchmarks.percentiles import percentile
from training.console import say

Item = TypeVar("Item")
Ask = Callable[[int], load.Seen]
"""From the number of clients to what they saw in one turn."""


@dataclass
class Seen:
    """What one server did under one number of clients."""

    rates: list[float] = field(default_factory=list)
    """Right answers a second in each turn."""
    latencies: list[float] = field(default_factory=list)
    """Milliseconds of all right answers."""
    failures: int = 0
    cpu: list[float] = field(default_factory=list)
    """CPU milliseconds of the server for each right answer, in each turn."""
    memory: list[float] = field(default_factory=list)
    """Megabytes (PSS) of the server at the end of each turn."""

    def add(self, turn: load.Seen) -> None:
        """Take another turn along."""
        answers = len(turn.latencies)
        self.rates.append(answers / turn.seconds)
        self.latencies += [1000 * seconds for seconds in turn.latencies]
        self.failures += sum(turn.failures.values())
        self.cpu.append(1000 * turn.cpu_seconds / answers if answers else math.nan)
        self.memory.append(turn.memory)

    def percentile(self, share: float) -> float:
        """Of all latencies, in milliseconds; not a number where there is none."""
        return percentile(self.latencies, share)


Found = dict[tuple[str, int], Seen]
"""By the server's name and the number of clients."""


@contextmanager
def served(one: Contender, plan: Plan, ask: load.Load = load.load) -> Iterator[Ask]:
    """A server that is up and warm, and how to ask it for one turn; raises Unusable."""
    questions = expected(one, plan)
    with warm(one, questions, plan) as (tree, port, _):

        def turn(clients: int) -> load.Seen:
            before = tree.cpu_seconds()
            seen = ask(port, one.path, questions, one.read, clients, plan.seconds)
            return replace(seen, cpu_seconds=tree.cpu_seconds() - before, memory=tree.memory())

        yield turn


@contextmanager
def bare(kind: str, plan: Plan) -> Iterator[Ask]:
    """ONNX Runtime without a server, one picture per CPU, by a kind of `raw.KINDS`."""
    command = [sys.executable, "-m", "benchmarks.comparison.raw", "turns", *map(str, plan.photos)]
    with subprocess.Popen(
        command, env=plan.environment(0), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        told, heard = process.stdin, process.stdout

        def turn(_: int) -> load.Seen:
            told.write(f"{kind} {plan.seconds}\n")
            told.flush()
            return load.Seen(**json.loads(heard.readline()))

        yield turn
        told.close()  # which ends it


def in_turns(
    asked: Sequence[tuple[str, Ask]], beside: Sequence[tuple[str, Ask]], levels: Sequence[int], turns: int
) -> Found:
    """All of `asked` under every number of clients, by name; `beside` them others with the largest number."""
    found: Found = {}
    for clients in levels:
        say(counted(clients, "client"))
        together = [*asked, *beside] if clients == max(levels) else asked
        for turn in range(turns + 1):
            for name, ask in moved_on(together, turn):
                seen, so_far = ask(clients), found.setdefault((name, clients), Seen())
                if turn > 0:  # the first one warms everything up
                    so_far.add(seen)
    return found


def moved_on(items: Sequence[Item], places: int) -> Iterator[Item]:
    """All items, in an order that begins so many places later."""
    for number in range(len(items)):
        yield items[(number + places) % len(items)]


def ratios(mine: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """The one divided by the other, turn by turn; infinite where the other is nothing."""
    return [a / b if b else math.inf for a, b in zip(mine, theirs, strict=True)]


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper quartile; not a number among infinite ones."""
    with np.errstate(invalid="ignore"):
        low, middle, high = (float(value) for value in np.percentile(values, (25, 50, 75)))
    return low, middle, high
