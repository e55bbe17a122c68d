"""Clients in several processes, as those of one would wait for its interpreter rather than for the server."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import Final

from benchmarks.comparison.load import Load, Question, Read, Seen, load

HEAD_START: Final = 0.05
"""Seconds until all processes know their part, so that they begin together."""


@contextmanager
def crowd(processes: int) -> Iterator[Load]:
    """`load` with its clients in so many processes, or as many as there are clients.

    The first call starts them on the CPUs of its own thread, so its result is late.
    """
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield partial(_load, pool, processes)


def shares(clients: int, processes: int) -> list[int]:
    """Clients of each process, none of them idle."""
    each = [len(range(number, clients, processes)) for number in range(processes)]
    return [share for share in each if share]


def together(parts: list[Seen]) -> Seen:
    """What all processes saw, and the time of the slowest."""
    failures: Counter[str] = Counter()
    for part in parts:
        failures += part.failures
    latencies = [seconds for part in parts for seconds in part.latencies]
    return Seen(latencies, failures, max(part.seconds for part in parts))


def _load(
    pool: ProcessPoolExecutor,
    processes: int,
    port: int,
    path: str,
    questions: list[Question],
    read: Read,
    clients: int,
    seconds: float,
) -> Seen:
    begin, first, parts = time.monotonic() + HEAD_START, 0, []
    for share in shares(clients, processes):
        # Every client begins with another photo, as those of one process do.
        moved = questions[first % len(questions) :] + questions[: first % len(questions)]
        parts.append(pool.submit(_part, begin, port, path, moved, read, share, seconds))
        first += share
    return together([part.result() for part in parts])


def _part(
    begin: float, port: int, path: str, questions: list[Question], read: Read, clients: int, seconds: float
) -> Seen:
    """In a process of clients: wait for the others, ask, and count from when all were to begin."""
    time.sleep(max(0.0, begin - time.monotonic()))
    seen = load(port, path, questions, read, clients, seconds)
    seen.seconds = time.monotonic() - begin
    return seen
