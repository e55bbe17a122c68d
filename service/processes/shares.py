"""How many processes serve, and what each of them has of the work and of the limits.

Python computes on one CPU at a time in each process, so that one with a light network keeps no more than two
busy. `benchmarks/README.md`, "More CPUs", has the numbers.
"""

import socket
import sys
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import Final

from service.commas import split
from service.machine import cpus
from service.machine.threads import FEWEST, OF_PROCESS
from service.networks.runtime import CPU
from service.processes.shared_counters import Counter, Tally
from service.settings import Settings

MOST_PROCESSES: Final = 16
BORROWED: Final = 4
"""Workers of one process of several while the others leave CPUs idle; Python hardly keeps more busy."""
MOST_THREADS: Final = 8
"""Of a lone inference where several processes have threads for it, most of which are always idle."""


def processes(settings: Settings) -> int:
    """How many processes serve: as set, or one for each CPU, 16 at most; no more than workers.

    One with other providers than the CPU: a GPU wants the pictures of all together. And always where `fork`
    is not safe.
    """
    if not sys.platform.startswith("linux"):
        return 1
    workers = settings.workers or sys.maxsize
    if settings.processes:
        return min(settings.processes, workers)
    if not _on_cpu(settings):
        return 1
    return max(1, min(cpus.available() // max(1, settings.threads), workers, MOST_PROCESSES))


def workers(settings: Settings, processes: int) -> int:
    """How many workers so many processes have together."""
    return max(settings.workers or cpus.available(), processes)


def threads(settings: Settings, share: "Share") -> int:
    """How many threads a process with this share needs besides its first.

    Those of one network are counted: it waits for ever for what another process has taken.
    """
    crew = share.crew(workers(settings, share.processes))
    return max(FEWEST, crew + max(0, settings.threads - 1) + OF_PROCESS + settings.tracing)


def threads_together(settings: Settings, processes: int) -> int:
    """How many so many processes need that are not there yet; each of several begins with one."""
    each = threads(settings, Share(processes=processes))
    return each if processes == 1 else processes * (each + 1)


def can_share_sessions(settings: Settings) -> bool:
    """Whether processes may be forked with the loaded models: not if these have threads of their own."""
    return _on_cpu(settings) and settings.threads <= 1


def _on_cpu(settings: Settings) -> bool:
    return set(split(settings.providers)) == {CPU}


@dataclass(frozen=True)
class Share:
    """What one process knows of its service: numbers that all processes see, and which of them it is."""

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
    _: KW_ONLY
    number: int = 0
    """From 0 on."""
    processes: int = 1
    listeners: Sequence[socket.socket] = ()
    names: Sequence[bytes] = ()
    """Of each process: where the others ask for its metrics."""
    again: bool = False
    """Whether the process replaces another, while newer models may have come."""

    @classmethod
    def all(cls, processes: int, listeners: Sequence[socket.socket] = ()) -> "Sequence[Share]":
        """One for each of so many processes, to be made before they are forked."""
        columns = len(_counters())
        tally = Tally(columns, processes)
        names = [one.getsockname() for one in listeners]
        return [
            cls(
                *(tally.counter(column, number) for column in range(columns)),
                number=number,
                processes=processes,
                listeners=listeners,
                names=names,
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
        for name in _counters():
            getattr(self, name).own = 0

    def close_others(self) -> None:
        """Close the listeners of other processes here, but not there; their names stay known."""
        for number, one in enumerate(self.listeners):
            if number != self.number:
                one.close()

    def crew(self, workers: int) -> int:
        """Threads of this process that answer, of so many of all: its part, or more that it may borrow."""
        return max(self.of(workers), min(workers, BORROWED))

    def of(self, total: int) -> int:
        """Its part of a number that all processes share evenly; 1 at least."""
        return max(1, total // self.processes + (self.number < total % self.processes))


def _counters() -> list[str]:
    return [one.name for one in fields(Share) if not one.kw_only]


def listener() -> socket.socket:
    """A socket that has no file: its name, which the system chooses, is known on this machine alone."""
    made = socket.socket(socket.AF_UNIX)
    made.bind("")
    made.listen()
    return made
