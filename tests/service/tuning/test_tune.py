import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.machine import cpus
from service.settings import Settings
from service.tuning import tune
from service.tuning.trials import FULL_HOUSE, Choice, Trial
from tests.several import ON_LINUX, is_gone

TELLS = """
import os
from service.tuning import trials
made = trials.Workers
def told(*given, **named):
    os.write(2, b"measuring\\n")
    return made(*given, **named)
trials.Workers = told
"""
"""Code by which a process says that it measures."""


@pytest.mark.parametrize(("cpus", "counts"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_candidates(cpus: int, counts: list[int]) -> None:
    choices = tune.candidates(cpus)
    assert sorted({choice.threads for choice in choices}) == [0, *counts]
    assert sorted({choice.workers for choice in choices}) == counts
    assert len(set(choices)) == len(choices)
    assert max(choice.at_once for choice in tune.candidates(cpus, only_cpu=False)) == 32


def test_candidates_of_several_processes() -> None:
    choices = tune.candidates(8, processes=4)
    assert {choice.threads for choice in choices} == {0, 1}  # more cannot be forked
    assert {choice.workers for choice in choices} == {8, 16}
    assert len(set(choices)) == len(choices)


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
    # Of several processes 4 workers may be busy for a moment: 1.25 x 100 + 4 x 381 + 256 = 1907
    assert "mem_limit: 1920m\n" in tune.limits(settings, Choice(1, 2, 4), 4, 100 * 2**20, processes=2)


def run(models: Path, *arguments: str, processes: int = 1) -> "subprocess.CompletedProcess[str]":
    given = {"SERVICE_MODELS": str(models), "SERVICE_MODEL": "colours", "SERVICE_PROCESSES": str(processes)}
    environment = os.environ | given
    command = [sys.executable, "-m", "service", "tune", "--seconds", "0.01", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("processes", [1, 2])
def test_it_measures_and_writes_settings(models: Path, tmp_path: Path, processes: int) -> None:
    written = tmp_path / "service.env"
    done = run(models, "--write", str(written), processes=processes)
    assert done.returncode == 0, done.stderr
    names = [line.partition("=")[0] for line in written.read_text().splitlines()]
    assert names == ["SERVICE_THREADS", "SERVICE_WORKERS", "SERVICE_AT_ONCE"]
    assert written.read_text() in done.stdout


@ON_LINUX
def test_more_processes_than_photos_at_a_time(models: Path) -> None:
    done = run(models, processes=FULL_HOUSE * cpus.available() + 1)
    assert done.returncode == 0, done.stderr


def test_other_lines_of_the_file_stay(models: Path, tmp_path: Path) -> None:
    written = tmp_path / ".env"
    written.write_text("SERVICE_API_KEYS=aaaaaaaaaaaaaaaa\nSERVICE_THREADS=7\n# mine")
    assert run(models, "--write", str(written)).returncode == 0
    lines = written.read_text().splitlines()
    assert lines[:2] == ["SERVICE_API_KEYS=aaaaaaaaaaaaaaaa", "# mine"]
    names = [line.partition("=")[0] for line in lines[2:]]
    assert names == ["SERVICE_THREADS", "SERVICE_WORKERS", "SERVICE_AT_ONCE"]


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        (b"", b""),
        (b"A=1\nSERVICE_THREADS=7\n# mine", b"A=1\n# mine\n"),
        (b"A=1\r\nSERVICE_THREADS=7\r\nB=2\r\n", b"A=1\r\nB=2\r\n"),
        (b"export SERVICE_THREADS=7\n  SERVICE_WORKERS = 1\nexport A=1\n", b"export A=1\n"),
        (b'A="1\nSERVICE_THREADS=7\n\\" 3"\nSERVICE_WORKERS=1\n', b'A="1\nSERVICE_THREADS=7\n\\" 3"\n'),
        (b"A='1\nSERVICE_THREADS=7'\nSERVICE_THREADS='7\n8'\nB=2\n", b"A='1\nSERVICE_THREADS=7'\nB=2\n"),
        (b"A='1\n#SERVICE_THREADS=7\nSERVICE_THREADS=7\n", b"A='1\n#SERVICE_THREADS=7\n"),
        (b"A=\xff\x0c\xe2\x80\xa8\n", b"A=\xff\x0c\xe2\x80\xa8\n"),
    ],
    ids=["empty", "no end", "CRLF", "export", "quotes", "single quotes", "open quote", "odd bytes"],
)
def test_only_these_settings_change(tmp_path: Path, before: bytes, kept: bytes) -> None:
    path = tmp_path / ".env"
    path.write_bytes(before)
    tune._write(path, tune.environment(Choice(1, 2, 4)))
    end = b"\r\n" if b"\r\n" in before else b"\n"
    assert path.read_bytes() == kept + end.join(
        [b"SERVICE_THREADS=1", b"SERVICE_WORKERS=2", b"SERVICE_AT_ONCE=4", b""]
    )


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SERVICE_THREADS=7\nA=1\n")
    code = (
        "import resource, sys; from pathlib import Path; from service.tuning import tune\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (25, 25))\n"
        "tune._write(Path(sys.argv[1]), tune.environment(tune.Choice(1, 2, 4)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1] == f"OSError: [Errno 27] File too large: '{path}'"
    assert path.read_text() == "SERVICE_THREADS=7\nA=1\n"


@pytest.mark.parametrize("place", [".", "nowhere/.env", "/dev/full"])
def test_a_place_that_cannot_be_written_is_told_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.delattr(tune, "_trials")
    with pytest.raises(SystemExit, match="2"):
        tune.main(["--write", str(tmp_path / place)])
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"expected a file that this user may write. Received: {tmp_path / place}." in last


@pytest.mark.parametrize("seconds", ["0", "nan", "-1", "abc", "3601"])
def test_seconds_that_are_none(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        tune.main([f"--seconds={seconds}"])
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"expected seconds over 0 and up to 3600. Received: {seconds}." in last


def test_a_setting_that_hardly_differs_is_told(models: Path) -> None:
    environment = os.environ | {
        "SERVICE_MODELS": str(models),
        "SERVICE_MODEL": "colours",
        "SERVICE_WORKERZ": "2",
    }
    command = [sys.executable, "-m", "service", "tune", "--seconds", "0.01"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr.startswith("SERVICE_WORKERZ: there is no such setting")


def test_ctrl_c_ends_it_with_what_was_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def trials(*_: object) -> Iterator[Trial]:
        yield Trial(Choice(1, 2, 4), 20, 100, 40)
        raise KeyboardInterrupt

    monkeypatch.setattr(tune, "_trials", trials)
    assert tune.main([]) == 130
    told = capsys.readouterr()
    assert told.out.splitlines()[1].split() == ["1", "2", "4", "20.0", "100.0", "40.0"]
    assert told.err.startswith("Interrupted after 1 of ")
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("processes", [1, 2])
def test_asked_to_stop_while_it_measures(models: Path, processes: int, number: signal.Signals) -> None:
    code = f"import sys; from service.tuning import tune\n{TELLS}sys.exit(tune.main(['--seconds', '600']))"
    with started(models, code, processes) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "measuring\n"
        os.killpg(process.pid, number)  # as a terminal does
        assert_interrupted(process, number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_before_it_measures(models: Path, number: signal.Signals) -> None:
    code = (
        "import os, runpy, sys; from service.tuning import tune; found = tune.candidates\n"
        "def told(*given):\n"
        f"    os.kill(os.getpid(), {number})\n"
        "    return found(*given)\n"
        "tune.candidates = told; sys.argv[:] = ['service', 'tune']\n"
        "runpy.run_module('service', run_name='__main__')"
    )
    with started(models, code, processes=1) as process:
        assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 128 + number


@pytest.mark.parametrize("processes", [1, 2])
def test_in_the_background_of_a_script_it_leaves_ctrl_c_alone(models: Path, processes: int) -> None:
    code = (
        f"import signal, sys; from service.tuning import tune\n{TELLS}"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "sys.exit(tune.main(['--seconds', '0.1']))"
    )
    with started(models, code, processes) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "measuring\n"
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_nobody_goes_on_measuring_for_one_that_was_asked_to_stop(models: Path) -> None:
    code = f"import sys; from service.tuning import tune\n{TELLS}sys.exit(tune.main(['--seconds', '600']))"
    with started(models, code, processes=2) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "measuring\n"
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.terminate()  # nobody but the first one
        assert_interrupted(process, signal.SIGTERM)
    assert is_gone(int(child))


def test_ctrl_c_while_a_process_forks(models: Path) -> None:
    code = (
        "import os, signal, sys; from service.tuning import tune\n"
        "os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "sys.exit(tune.main(['--seconds', '12']))"
    )
    with started(models, code, processes=2) as process:
        assert_interrupted(process)


def test_without_room_for_a_process_it_ends_in_one_line(models: Path) -> None:
    code = (
        "import errno, os, sys; from service.tuning import tune; made = os.fork; forks = []\n"
        "def fork():\n"
        "    forks.append(1)\n"
        "    if len(forks) == 3:\n"
        "        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))\n"
        "    return made()\n"
        "os.fork = fork; sys.exit(tune.main(['--seconds', '0.01']))"
    )
    with started(models, code, processes=2) as process:
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (2, "[Errno 11] Resource temporarily unavailable\n")


def started(models: Path, code: str, processes: int) -> subprocess.Popen[str]:
    given = {
        "SERVICE_MODELS": str(models),
        "SERVICE_MODEL": "colours",
        "SERVICE_PROCESSES": str(processes),
    }
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | given,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def assert_interrupted(process: subprocess.Popen[str], number: int = signal.SIGINT) -> None:
    try:
        _, rest = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    (line,) = [line for line in rest.splitlines() if line != "measuring"]  # which each process says
    assert line.startswith("Interrupted after 0 of ")


def test_a_photo_that_is_none_ends_in_one_line(models: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_text("no picture")
    done = run(models, "--photo", str(photo))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
