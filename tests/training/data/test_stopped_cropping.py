"""`crop` that is stopped, or loses a process: what is written counts, and the next run goes on."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from tests.training.crops import LOCATOR, ROOT, crop, rows
from training.data import cropping
from training.data.crop_tables import record
from training.wording import number_of


def sixty_portraits(photos: Path) -> Path:
    """A folder that takes long enough to be stopped in between."""
    photos.mkdir()
    for number in range(60):
        shutil.copy(ROOT / "examples/portrait.jpg", photos / f"{number:02}.jpg")
    return photos


def until_a_photo_is_done(run: subprocess.Popen[str], out: Path) -> None:
    table = out / "labels.csv"
    # Three lines: the head of the table and the eyes of the first photo.
    while not table.exists() or len(table.read_bytes().splitlines()) < 3:
        with pytest.raises(subprocess.TimeoutExpired):
            run.wait(timeout=0.01)  # it goes on, on the CPU that a loop without this would take from it


def leave_two_to_do(photos: Path, out: Path) -> int:
    """The number of photos that were done before; the next run need not take long."""
    done = {row["photo"] for row in rows(out / "labels.csv")}
    for photo in [path for path in sorted(photos.iterdir()) if path.name not in done][2:]:
        photo.unlink()
    return len(done)


def test_ctrl_c_ends_it_between_two_photos_and_the_next_run_goes_on(tmp_path: Path) -> None:
    photos, out = sixty_portraits(tmp_path / "photos"), tmp_path / "crops"
    command = [sys.executable, "-m", "training", "crop", str(photos), "--out", str(out), "--locator", LOCATOR]
    with subprocess.Popen(
        [*command, "--processes", "2"], cwd=ROOT, stdout=PIPE, stderr=PIPE, text=True
    ) as run:
        until_a_photo_is_done(run, out)
        run.send_signal(signal.SIGINT)
        told, complained = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "the same command goes on from here" in told
    assert "Traceback" not in complained
    before = len(rows(out / "labels.csv"))
    assert 0 < before < 120 and before % 2 == 0
    assert f"{number_of(before // 2, 'photo')}: {before} eyes cut" in told
    assert len(list(out.glob("*.jpg"))) == before
    assert leave_two_to_do(photos, out) == before // 2
    assert crop(photos, out) == 0
    lines = rows(out / "labels.csv")
    assert len(lines) == len({row["file"] for row in lines}) == before + 4


def test_ctrl_c_while_a_photo_is_written_counts_the_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def record_and_press(*given: Any) -> None:
        record(*given)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(cropping, "record", record_and_press)
    photos, out = tmp_path / "photos", tmp_path / "crops"
    photos.mkdir()
    shutil.copy(ROOT / "examples/portrait.jpg", photos / "a.jpg")
    assert crop(photos, out) == 130
    assert f"1 photo: {len(rows(out / 'labels.csv'))} eyes cut" in capsys.readouterr().out


def test_a_process_that_is_killed_is_one_line_and_the_next_run_goes_on(tmp_path: Path) -> None:
    photos, out = sixty_portraits(tmp_path / "photos"), tmp_path / "crops"
    command = [sys.executable, "-m", "training", "crop", str(photos), "--out", str(out), "--locator", LOCATOR]
    with subprocess.Popen([*command, "--processes", "1"], cwd=ROOT, stderr=PIPE, text=True) as run:
        until_a_photo_is_done(run, out)
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        [worker] = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(int(worker), signal.SIGKILL)
        _, complained = run.communicate(timeout=60)
    assert run.returncode == 2
    assert "Expected processes that work to the end" in complained and "Traceback" not in complained
    assert 0 < len(rows(out / "labels.csv")) < 120
    done = leave_two_to_do(photos, out)
    assert crop(photos, out) == 0
    lines = rows(out / "labels.csv")
    assert len(lines) == len({row["file"] for row in lines}) == 2 * done + 4


def test_processes_that_cannot_be_started_are_one_line(tmp_path: Path) -> None:
    """That shows as a pipe that nobody reads, but it is not the one of the output."""
    (tmp_path / "photos").mkdir()
    shutil.copy(ROOT / "examples/portrait.jpg", tmp_path / "photos" / "a.jpg")
    script = """
import sys
from multiprocessing import set_executable
from training.__main__ import main
set_executable("/nowhere/python")
sys.exit(main(sys.argv[1:]))
"""
    command = ["crop", str(tmp_path / "photos"), "--out", str(tmp_path / "crops"), "--locator", LOCATOR]
    ended = subprocess.run(
        [sys.executable, "-c", script, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "python -m training: Expected processes that work to the end" in ended.stderr
