"""How many CPUs this process may really use: affinity, cpuset and cgroup quota (v1 and v2)."""

import math
import os
from pathlib import Path, PurePosixPath

CGROUP_ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def available(cgroup: Path = CGROUP_ROOT, membership: Path = MEMBERSHIP) -> int:
    """CPUs given to this process, at least 1: the affinity mask (cpuset included) cut by the cgroup quota.

    A quota of 1.5 CPUs counts as 2: one thread would leave half a CPU unused.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    places = places_of(membership)
    quotas = [_quota_v2(cgroup / place) for place in places]
    quotas += [_quota_v1(cgroup / "cpu" / place) for place in places]
    return max(1, min([allowed, *(math.ceil(quota) for quota in quotas if quota)]))


def places_of(membership: Path) -> set[str]:
    """The process's own groups and all above them, relative to the root: each may have a quota of its own.

    A container sees itself as the root; a systemd service is some levels below it.
    """
    places = {""}
    for line in read(membership).splitlines():
        group = PurePosixPath(line.split(":", 2)[-1].lstrip("/"))
        places |= {str(part) for part in (group, *group.parents) if ".." not in part.parts}
    return places


def _quota_v2(group: Path) -> float | None:
    """Cgroup v2: `cpu.max` holds "quota period" or "max period", in microseconds."""
    fields = read(group / "cpu.max").split()
    if len(fields) != 2 or fields[0] == "max":
        return None
    return float(fields[0]) / float(fields[1])


def _quota_v1(group: Path) -> float | None:
    """Cgroup v1: a quota of -1 means none."""
    quota, period = read(group / "cpu.cfs_quota_us"), read(group / "cpu.cfs_period_us")
    return float(quota) / float(period) if quota and period and float(quota) > 0 else None


def read(path: Path) -> str:
    """What a file of the kernel says; nothing where there is none."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
