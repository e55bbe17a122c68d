import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.machine import cpus

ALLOWED = len(os.sched_getaffinity(0))


def test_without_a_quota_the_affinity_counts(tmp_path: Path) -> None:
    assert cpus.available(tmp_path) == ALLOWED


@pytest.mark.parametrize(
    ("quota", "expected"), [("100000", 1), ("50000", 1), ("100001", 2), ("99900000", ALLOWED)]
)
def test_cgroup_v2_quota(tmp_path: Path, quota: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(f"{quota} 100000\n")
    assert cpus.available(tmp_path) == min(expected, ALLOWED)


def test_cgroup_v2_without_limit(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cpus.available(tmp_path) == ALLOWED


@pytest.mark.parametrize(("quota", "expected"), [("100000", 1), ("-1", ALLOWED)])
def test_cgroup_v1_quota(tmp_path: Path, quota: str, expected: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert cpus.available(tmp_path) == expected


def test_a_quota_somewhere_above_counts(tmp_path: Path) -> None:
    membership = tmp_path / "membership"
    membership.write_text("0::/system.slice/photos.service\n")
    (tmp_path / "system.slice" / "photos.service").mkdir(parents=True)
    assert cpus.available(tmp_path, membership) == ALLOWED
    (tmp_path / "system.slice" / "photos.service" / "cpu.max").write_text("max 100000")
    (tmp_path / "system.slice" / "cpu.max").write_text("100000 100000")
    assert cpus.available(tmp_path, membership) == 1


def test_version_1_names_its_groups_by_controller(tmp_path: Path) -> None:
    membership = tmp_path / "membership"
    membership.write_text("4:memory:/other\n3:cpu,cpuacct:/mine\n1:name=systemd:/../outside\n")
    group = tmp_path / "cpu" / "mine"
    group.mkdir(parents=True)
    (group / "cpu.cfs_quota_us").write_text("100000")
    (group / "cpu.cfs_period_us").write_text("100000")
    assert cpus.available(tmp_path, membership) == 1


def test_the_cpuset_counts() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); " + (
        "from service.machine import cpus; print(cpus.available())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
