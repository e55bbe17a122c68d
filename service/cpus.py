"""How many CPUs this process may really use: affinity, cpuset and cgroup quota (v1 and v2)."""

import math
import os
from pathlib import Path

CGROUP_ROOT = Path("/sys/fs/cgroup")


def available(cgroup: Path = CGROUP_ROOT) -> int:
    """CPUs given to this process, at least 1: the affinity mask (cpuset included) cut by the cgroup quota.

    A quota of 1.5 CPUs counts as 2: one thread would leave half a CPU unused.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota_v2(cgroup) or _quota_v1(cgroup)
    return max(1, min(allowed, math.ceil(quota))) if quota else allowed


def _quota_v2(cgroup: Path) -> float | None:
    """Cgroup v2: `cpu.max` holds "quota period" or "max period", in microseconds."""
    fields = _read(cgroup / "cpu.max").split()
    if len(fields) != 2 or fields[0] == "max":
        return None
    return float(fields[0]) / float(fields[1])


def _quota_v1(cgroup: Path) -> float | None:
    """Cgroup v1: a quota of -1 means none."""
    quota = _read(cgroup / "cpu" / "cpu.cfs_quota_us")
    period = _read(cgroup / "cpu" / "cpu.cfs_period_us")
    return float(quota) / float(period) if quota and period and float(quota) > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
