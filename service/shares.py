"""How many processes serve, and what each of them has of the work and of the limits.

Python computes on one CPU at a time in each process, so that one with a light network keeps no more than two
busy. `benchmarks/README.md`, "More CPUs", has the numbers.
"""

import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, auto
from typing import Final

from service import cpus
from service.runtime import CPU
from service.settings import Settings, split
from service.tally import Counter, Tally

CPUS_EACH: Final = 1
MOST_PROCESSES: Final = 16
MOST_THREADS: Final = 8
"""Of a lone inference where several processes have threads for it, most of which are always idle."""


class _Column(IntEnum):
    INSIDE = 0
    BATCHES = auto()
    BUSY = auto()
    BUFFERED = auto()
    HANDED = auto()
    CLOSED = auto()
    TICKS = auto()


def processes(settings: Settings) -> int:
    """How many processes serve: as set, or one for each CPU, 16 at most.

    One where a GPU computes, which wants the pictures of all together, and where `fork` is not safe.
    """
    if settings.processes:
        return settings.processes
    if not sys.platform.startswith("linux") or not _on_cpu(settings):
        return 1
    busy = min(cpus.available(), settings.workers or cpus.available())
    return max(1, min(busy // max(CPUS_EACH, settings.threads), MOST_PROCESSES))


def can_share_sessions(settings: Settings) -> bool:
    """Whether processes may be forked with the loaded models: not if these have threads of their own."""
    return _on_cpu(settings) and settings.threads <= 1


def _on_cpu(settings: Settings) -> bool:
    return set(split(settings.providers)) == {CPU}


@dataclass(frozen=True)
class Share:
    """What one process knows of the service that it is a part of."""

    number: int = 0
    """From 0 on."""
    processes: int = 1
    inside: Counter = field(default_factory=Counter.alone)
    """Requests admitted and not yet answered."""
    batches: Counter = field(default_factory=Counter.alone)
    """Batches among them."""
    busy: Counter = field(default_factory=Counter.alone)
    """Workers that decode or classify."""
    buffered: Counter = field(default_factory=Counter.alone)
    """Bytes of request bodies in memory."""
    handed: Counter = field(default_factory=Counter.alone)
    """Connections that the process was given; counted by the one that gives them."""
    closed: Counter = field(default_factory=Counter.alone)
    """Those of them that have ended."""
    ticks: Counter = field(default_factory=Counter.alone)
    """Rises about once a second while the event loop turns."""
    listeners: Sequence[socket.socket] = ()
    """Of each process: where the others ask for its metrics."""

    @classmethod
    def all(cls, processes: int, listeners: Sequence[socket.socket] = ()) -> "Sequence[Share]":
        """One for each of so many processes, to be made before they are forked."""
        tally = Tally(len(_Column), processes)
        return [
            cls(
                number,
                processes,
                listeners=listeners,
                **{column.name.lower(): tally.counter(column, number) for column in _Column},
            )
            for number in range(processes)
        ]

    @property
    def connections(self) -> int:
        """Open now."""
        return self.handed.own - self.closed.own

    def others_busy(self) -> int:
        """Workers of the service that are busy besides the one that asks; -1 where none is."""
        return self.busy.total - 1

    def clear(self) -> None:
        """Forget a process that is gone."""
        for column in _Column:
            getattr(self, column.name.lower()).own = 0

    def of(self, total: int) -> int:
        """Its part of a number that all processes share evenly; 1 at least."""
        return max(1, total // self.processes + (self.number < total % self.processes))


def listener() -> socket.socket:
    """A socket that has no file: its name, which the system chooses, is known on this machine alone."""
    made = socket.socket(socket.AF_UNIX)
    made.bind("")
    made.listen()
    return made
