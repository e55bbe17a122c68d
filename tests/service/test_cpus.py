import os
from pathlib import Path

import pytest

from service import cpus

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
