"""Whether what a training keeps in memory fits there: asked before anything is computed."""

import os
import re
from pathlib import Path
from typing import Final

from service.machine.cpus import CGROUP_ROOT, MEMBERSHIP, places_of, read
from training.errors import TrainingError

MEMINFO: Final = Path("/proc/meminfo")
GIGABYTE: Final = 1e9


def available(cgroup: Path = CGROUP_ROOT, membership: Path = MEMBERSHIP, meminfo: Path = MEMINFO) -> int:
    """Bytes that this process can have at most: what the machine has free, cut by the limits of its cgroups.

    What is used already of a limit counts as free: a part of it are caches, which would make room.
    """
    most = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    if found := re.search(r"^MemAvailable: *(\d+) kB$", read(meminfo), re.MULTILINE):
        most.append(1024 * int(found[1]))
    for place in places_of(membership):
        limits = (
            read(cgroup / place / "memory.max"),
            read(cgroup / "memory" / place / "memory.limit_in_bytes"),
        )
        most += [int(limit) for limit in limits if limit.isdecimal()]  # "max" is none
    return min(most)


def check_room(needed: int, what: str, remedy: str) -> None:
    """Raise TrainingError where `needed` bytes are more than can be had."""
    most = available()
    if needed > most:
        raise TrainingError(
            f"Expected {what} to fit into memory, of which {most / GIGABYTE:.1f} GB can be had. "
            f"Received: {needed / GIGABYTE:.1f} GB of them. {remedy}"
        )
