"""What a run writes over and what it does not, and what is there when it is stopped."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.training import folders
from tests.training.runs import TINY, fit, narrow_file
from tests.users import ordinary_user
from training.__main__ import main
from training.errors import TrainingError
from training.learning import history, session
from training.learning.fitting import Epoch
from training.locking import LOCK, alone
from training.network.run_folders import PART
from training.network.runs import Run
from training.new_folders import check_writable


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders.splits(tmp_path_factory.mktemp("photos"), train=12, validation=6)


def test_a_folder_that_holds_anything_else_is_left_alone(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = tmp_path / "mine" / "report" / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    for options in ((), ("--overwrite",)):
        assert fit(data, tmp_path / "mine", *options) == 2
        assert "Expected a new or empty folder for --out, or a run's" in capsys.readouterr().err
    assert notes.read_text() == "mine"


def test_notes_in_the_folders_of_a_run_stay_when_it_is_replaced(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert fit(data, run, "--epochs", "1", "--head", "gap") == 0
    notes = [run / folder / "notes.txt" for folder in ("report", "tensorboard")]
    for path in notes:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    old = [run / "report/report.html", run / "report/curves.png", *run.glob("tensorboard/events*")]
    for path in old:
        path.touch()
    assert fit(data, run, "--epochs", "1", "--head", "gap", "--overwrite") == 0
    assert [path.read_text() for path in notes] == ["mine", "mine"]
    assert len(old) == 3 and not any(path.exists() for path in old)


def test_two_trainings_do_not_write_one_run(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    with alone(out):
        for command in ("fit", "crossvalidate"):
            assert main([command, str(data), "--out", str(out), "--overwrite"]) == 2
            assert f"Received: {out}; another training is writing there" in capsys.readouterr().err
        assert [path.name for path in out.iterdir()] == [LOCK]
    assert not out.exists()


def test_a_run_without_an_epoch_is_begun_anew_whatever_a_killed_training_left_of_its_lock(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    run = tmp_path / "run"
    run.mkdir()
    (run / LOCK).touch()
    for place, computed in (("_examples", False), ("_train_head", True)):
        with monkeypatch.context() as patch:
            patch.setattr(session, place, interrupt)
            assert fit(data, run, "--epochs", "1", "--head", "gap") == 130
        said = capsys.readouterr().out
        assert "Stopped before the run was complete: no model." in said
        assert ("The features computed so far are kept." in said) == computed
        assert not (run / LOCK).exists()
    (run / LOCK).touch()
    assert fit(data, run, "--epochs", "1", "--head", "gap") == 0
    assert not (run / LOCK).exists()


def test_a_config_of_something_else_is_no_run_to_begin_anew(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "run" / "model.keras").write_text("another program's")
    for options in ((), ("--overwrite",)):
        assert fit(data, tmp_path / "run", *options) == 2
        assert "Expected a new or empty folder for --out, or a run's" in capsys.readouterr().err
    assert (tmp_path / "run" / "model.keras").read_text() == "another program's"


def test_ctrl_c_while_a_run_is_written_leaves_it_complete(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        history.draw(*arguments)

    monkeypatch.setattr(session, "draw", interrupted)
    assert fit(data, tmp_path / "run", "--epochs", "1", "--head", "gap") == 130
    said = capsys.readouterr().out
    assert "Ctrl-C: the run is being written" in said
    assert f"Stopped after the last epoch: the run in {tmp_path / 'run'} is complete." in said
    assert Run.load(tmp_path / "run").metrics["epochs"] == 1
    assert not (tmp_path / "run" / PART).exists()


def test_ctrl_c_twice_says_after_which_epoch(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once while an epoch runs, and again while the run is written."""
    added = history.History.add

    def stopped(one: history.History, epoch: Epoch) -> None:
        added(one, epoch)
        if epoch.number == 3:
            os.kill(os.getpid(), signal.SIGINT)

    def again(*arguments: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        history.draw(*arguments)

    monkeypatch.setattr(history.History, "add", stopped)
    monkeypatch.setattr(session, "draw", again)
    assert fit(data, tmp_path / "run", "--epochs", "50", "--head", "gap") == 130
    said = capsys.readouterr().out
    assert "\nStopped after epoch 3 of 50: the best epoch so far is kept." in said
    assert "complete" not in said
    assert f"The run is in {tmp_path / 'run'}. Next:\n  python -m training evaluate" in said
    assert Run.load(tmp_path / "run").metrics["epochs"] == 3


def test_a_run_that_was_killed_while_it_was_written_is_begun_anew(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(session, "_metrics", killed)
        with pytest.raises(SystemExit):
            fit(data, tmp_path / "run", "--epochs", "1", "--head", "gap")
    with pytest.raises(
        TrainingError, match="it was stopped before it was complete. Run the same `fit` again."
    ):
        Run.load(tmp_path / "run")
    assert fit(data, tmp_path / "run", "--epochs", "1", "--head", "gap") == 0
    assert not (tmp_path / "run" / PART).exists()


def test_an_error_that_follows_ctrl_c_keeps_the_best_epoch(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def confused(*_: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise AttributeError("'EagerTensor' object has no attribute '_type_spec'") from None

    monkeypatch.setattr("training.learning.session._fine_tune", confused)
    options = ("--epochs", "1", "--head", "gap", "--until", "block4", "--unfreeze", "block4")
    assert fit(data, tmp_path / "run", *options) == 0
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["interrupted"] is True


def test_a_run_is_not_written_around_its_photos(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(data, data.parent) == 2
    assert "which holds the photos" in capsys.readouterr().err


def test_photos_folder_is_never_written_to(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit(data, data / "run") == 2
    assert "Expected --out outside the photos' folder" in capsys.readouterr().err


def test_who_is_asked_to_stop_keeps_the_best_epoch_and_says_so(data: Path, tmp_path: Path) -> None:
    """Asked by SIGTERM, which counts as Ctrl-C (test_interrupts.py), of a script that has used `&`."""

    def ignore() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    command = [sys.executable, "-m", "training", "fit", str(data), "--out", str(tmp_path / "run")]
    command += ["--cache", str(tmp_path / "cache"), "--epochs", "10000", "--head", "gap", *TINY]
    command += ["--weights", str(narrow_file(data.parent))]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=ignore
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch 1 is the best so far"):
                os.kill(process.pid, signal.SIGTERM)
                break
        rest = process.stdout.read()
    assert process.returncode == 0, rest
    assert re.search("Stopped after epoch [0-9]+ of 10000: the best epoch so far is kept.", rest)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["interrupted"] is True
    assert Run.load(tmp_path / "run").network().output.shape == (None, 2)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (
            "--cache",
            "Expected a folder for --cache that can be written to. Received: {path} (Not a directory).",
        ),
        ("--weights", "Expected a file of VGG16 weights. There is none at {path}"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "crossvalidate"])
def test_what_a_training_needs_is_asked_for_before_anything_is_written(
    data: Path, tmp_path: Path, command: str, option: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "there.npz"
    given = {"--cache": str(tmp_path / "cache"), option: str(path)}
    options = [word for pair in given.items() for word in pair]
    assert main([command, str(data), "--out", str(tmp_path / "run"), *options]) == 2
    printed = capsys.readouterr()
    assert printed.err == f"python -m training: {said.format(path=path)}\n"
    assert printed.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_cache_that_may_not_be_written_to_is_told() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        with ordinary_user(), pytest.raises(TrainingError, match=r"cache \(Permission denied\)"):
            check_writable(Path(folder) / "new" / "cache", "--cache")
        assert not list(Path(folder).iterdir())
