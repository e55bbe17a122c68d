import os
import subprocess
import sys
from pathlib import Path

import pytest

from service import tune
from service.settings import Settings
from service.tune import Choice, Trial


@pytest.mark.parametrize(("cpus", "counts"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_candidates(cpus: int, counts: list[int]) -> None:
    choices = tune.candidates(cpus)
    assert sorted({choice.threads for choice in choices}) == [0, *counts]
    assert sorted({choice.workers for choice in choices}) == counts
    assert len(set(choices)) == len(choices)
    assert max(choice.at_once for choice in tune.candidates(cpus, only_cpu=False)) == 32


def test_the_quickest_alone_near_the_best_throughput_wins() -> None:
    one = Choice(1, 1, 1)
    fastest, close, slow = Trial(one, 20, 100, 40), Trial(one, 12, 98, 50), Trial(one, 9, 60, 10)
    assert tune.choose([fastest, close, slow]) == close


def test_limits_hold_the_costliest_pictures() -> None:
    settings = Settings(max_pixels=50_000_000, max_buffered_bytes=256 * 2**20)
    text = tune.limits(settings, Choice(1, 2, 4), 4, 100 * 2**20)
    # 1.25 x 100 + 2 x 381 + 256 = 1144, rounded up to 64
    assert 'cpus: "2"\nmem_limit: 1152m\n' in text
    assert 'limits: {cpu: "2", memory: 1152Mi}' in text


def run(models: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"SERVICE_MODELS": str(models), "SERVICE_MODEL": "colours"}
    command = [sys.executable, "-m", "service", "tune", "--seconds", "0.01", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_it_measures_and_writes_settings(models: Path, tmp_path: Path) -> None:
    written = tmp_path / "service.env"
    done = run(models, "--write", str(written))
    assert done.returncode == 0, done.stderr
    names = [line.partition("=")[0] for line in written.read_text().splitlines()]
    assert names == ["SERVICE_THREADS", "SERVICE_WORKERS", "SERVICE_AT_ONCE"]
    assert written.read_text() in done.stdout


def test_other_lines_of_the_file_stay(models: Path, tmp_path: Path) -> None:
    written = tmp_path / ".env"
    written.write_text("SERVICE_API_KEYS=aaaaaaaaaaaaaaaa\nSERVICE_THREADS=7\n# mine")
    assert run(models, "--write", str(written)).returncode == 0
    lines = written.read_text().splitlines()
    assert lines[:2] == ["SERVICE_API_KEYS=aaaaaaaaaaaaaaaa", "# mine"]
    names = [line.partition("=")[0] for line in lines[2:]]
    assert names == ["SERVICE_THREADS", "SERVICE_WORKERS", "SERVICE_AT_ONCE"]


def test_a_photo_that_is_none_ends_in_one_line(models: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_text("no picture")
    done = run(models, "--photo", str(photo))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
