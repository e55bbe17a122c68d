"""What every command does alike: help, Ctrl-C, and one line about a disk that does not do its part."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NoReturn

import pytest

from tests.bundles import write_bundle
from tests.training.folders import photo
from training.__main__ import COMMANDS, main
from training.commands import predict
from training.errors import TrainingError
from training.interrupts import interruptible

ASK = ["predict", "model", "photo.jpg"]


def test_a_name_that_the_terminal_has_no_letters_for_is_shown_all_the_same(tmp_path: Path) -> None:
    model, picture = write_bundle(tmp_path), photo(tmp_path / "\N{GREEK SMALL LETTER ALPHA}.png")
    command = [sys.executable, "-m", "training", "predict", str(model), str(picture)]
    latin = os.environ | {"PYTHONIOENCODING": "latin-1"}
    ended = subprocess.run(command, env=latin, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "") and "\\u03b1.png" in ended.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_for_people(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "{'" not in said and "%(" not in said and "%%" not in said


def test_who_asks_for_help_or_mistypes_a_path_does_not_wait_for_heavy_libraries(tmp_path: Path) -> None:
    folder = str(tmp_path / "missing")
    calls = [[name, "--help"] for name in COMMANDS]
    calls += [
        ["fit", folder, "--out", "run"],
        ["check", folder],
        ["split", folder, "new"],
        ["evaluate", folder, folder],
        ["report", folder],
        ["export", folder, "--to", "models/colour/1"],
    ]
    script = """
import json, sys
from training.__main__ import main
for call in json.loads(sys.argv[1]):
    try:
        code = main(call)
    except SystemExit as ended:
        code = ended.code
    heavy = {"keras", "tensorflow", "scipy", "sklearn", "cleanlab", "pandas", "matplotlib"}
    known = heavy & set(sys.modules)
    if known or code != (0 if "--help" in call else 2):
        sys.exit(f"{call} ended with {code} and imported {known}")
"""
    command = [sys.executable, "-c", script, json.dumps(calls)]
    ended = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def failing(error: BaseException) -> Callable[[Any], NoReturn]:
    def run(_: Any) -> NoReturn:
        raise error

    return run


def test_ctrl_c_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(predict, "run", lambda _: os.kill(os.getpid(), signal.SIGINT))
    assert main(ASK) == 130
    assert capsys.readouterr().err == "\npython -m training: stopped\n"


def test_ctrl_c_while_a_command_is_imported_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.import_module", failing(KeyboardInterrupt()))
    assert main(ASK) == 130
    assert capsys.readouterr().err == "\npython -m training: stopped\n"


def test_a_python_outside_of_the_environment_is_one_line() -> None:
    """Without site-packages, as a system's Python is."""
    command = [sys.executable, "-S", "-m", "training", "fit", "photos", "--out", "run"]
    ended = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert ended.stderr.startswith("python -m training: Expected the package ")
    assert "`make setup` makes the environment, `. .venv/dev/bin/activate` enters it." in ended.stderr


def test_a_missing_module_of_ours_is_no_matter_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ModuleNotFoundError("No module named 'training.gone'", name="training.gone")
    monkeypatch.setattr(predict, "run", failing(error))
    with pytest.raises(ModuleNotFoundError):
        main(ASK)


@pytest.mark.parametrize(
    ("error", "received"),
    [
        (MemoryError("Unable to allocate 9 GiB for an array"), "Unable to allocate 9 GiB for an array"),
        (MemoryError(), "no room for more"),
    ],
)
def test_too_little_memory_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: MemoryError, received: str
) -> None:
    monkeypatch.setattr(predict, "run", failing(error))
    assert main(ASK) == 2
    said = f"Expected more memory. Received: {received}. Smaller or fewer pictures take less."
    assert capsys.readouterr().err == f"python -m training: {said}\n"


def test_what_follows_ctrl_c_is_ctrl_c() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interruptible():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise AttributeError("as TensorFlow, which has lost what it was at") from None
    with pytest.raises(AttributeError), interruptible():
        raise AttributeError("without Ctrl-C")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_process_that_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left"),
            "Expected to write to run and .features. Received: No space",
        ),
        (
            OSError(errno.ENOSPC, "No space left", "a", None, "b"),
            "Expected to write to b. Received: No space",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "a"), "Permission denied: a\n"),
        (OSError("8192 requested and 0 written"), "8192 requested and 0 written\n"),
        (TrainingError("Expected more."), "Expected more.\n"),
    ],
)
def test_errors_name_the_file_in_one_line(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("training.commands.fit.run", failing(error))
    assert main(["fit", "photos", "--out", "run"]) == 2
    complained = capsys.readouterr().err
    assert complained.startswith(f"python -m training: {said}") and complained.count("\n") == 1


def predicted(folder: Path, form: list[str], stdout: int | IO[str]) -> subprocess.CompletedProcess[str]:
    """`predict`, a program of its own, has classified three pictures and written to this."""
    for number in range(3):
        photo(folder / "photos" / f"{number}.png", number)
    call = ["predict", str(write_bundle(folder / "models")), str(folder / "photos"), *form]
    return subprocess.run(
        [sys.executable, "-m", "training", *call],
        cwd=Path(__file__).parents[2],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("form", [[], ["--csv"], ["--json"], ["--help"]])
def test_a_pipe_that_nobody_reads_on_is_no_error(form: list[str], tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        ended = predicted(tmp_path, form, write)
    finally:
        os.close(write)
    # argparse takes no notice of what becomes of its help
    assert (ended.returncode, ended.stderr) == (0 if form == ["--help"] else 141, "")


@pytest.mark.parametrize("form", [[], ["--csv"], ["--json"]])
def test_a_full_disk_behind_the_output_is_one_line(form: list[str], tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = predicted(tmp_path, form, full)
    said = "python -m training: Expected to write to the disk. Received: No space left on device.\n"
    assert (ended.returncode, ended.stderr) == (2, said)
