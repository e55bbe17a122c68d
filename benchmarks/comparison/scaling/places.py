"""Which CPUs the servers run on, and which the clients."""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.comparison.summary import counted
from service.machine import cpus

TOPOLOGY: Final = Path("/sys/devices/system/cpu")
MOST_PROCESSES: Final = 8
"""Of clients: an answer costs them 0.2 ms of CPU time."""


@dataclass(frozen=True)
class Places:
    """CPUs by number; the same ones where none is left over for the clients."""

    servers: tuple[int, ...]
    clients: tuple[int, ...]

    @property
    def shared(self) -> bool:
        """Whether clients take time from the servers."""
        return self.servers == self.clients

    @property
    def processes(self) -> int:
        """Processes of clients."""
        return min(MOST_PROCESSES, len(self.clients))

    def __str__(self) -> str:
        cores = len({core(cpu) for cpu in self.servers})
        numbers = ", ".join(map(str, sorted(self.servers)))
        where = f"{numbers}; {counted(cores, 'core')}"
        text = f"{counted(len(self.servers), 'CPU')} for the servers ({where}), "
        processes = counted(self.processes, "process", "es")
        if self.shared:
            return f"{text}shared with the clients in {processes}: no other is left over"
        return f"{text}{len(self.clients)} for the clients in {processes}"


def given() -> list[int]:
    """CPUs of this process by affinity, at most as many as its quota pays for.

    Those of one core are side by side, so that clients seldom compute on a core of the servers.
    """
    return sorted(os.sched_getaffinity(0), key=lambda cpu: (core(cpu), cpu))[: cpus.available()]


def core(cpu: int, topology: Path = TOPOLOGY) -> tuple[int, int]:
    """Package and core of a CPU; a core of its own where the system does not tell."""
    try:
        package, number = (
            int((topology / f"cpu{cpu}" / "topology" / name).read_text(encoding="ascii"))
            for name in ("physical_package_id", "core_id")
        )
    except (OSError, ValueError):
        return -1, cpu
    return package, number


def split(count: int, among: Sequence[int]) -> Places:
    """So many CPUs for the servers, all others for the clients; raises ValueError where there are fewer."""
    if not 1 <= count <= len(among):
        raise ValueError(f"Expected 1 to {len(among)} CPUs for the servers. Received: {count}")
    servers, others = tuple(among[:count]), tuple(among[count:])
    return Places(servers, others or servers)


@contextmanager
def on(chosen: Collection[int]) -> Iterator[None]:
    """Keep this thread, and the processes and threads that it starts meanwhile, on these CPUs."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
