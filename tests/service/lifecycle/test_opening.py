"""Networks opened ahead, as a start does it."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.errors import InvalidBundle
from service.lifecycle import opening
from service.lifecycle.loading import load_predictor
from service.networks import lone
from service.networks.runtime import Runtime
from service.processes.shares import Share
from service.settings import Settings
from tests.bundles import write_bundle
from tests.serving import settings_for

ROOT = Path(__file__).parents[3]


def load_ahead(settings: Settings, share: Share | None = None) -> Runtime:
    sessions = opening.runtime(settings, share or Share())
    with opening.ahead(settings, sessions):
        load_predictor(settings, sessions)
    return sessions


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, threading.Thread]]:
    """The files that ONNX Runtime opens, and on which thread."""
    files: list[tuple[str, threading.Thread]] = []
    real: Callable[..., Any] = Runtime._open

    def watched(self: Runtime, path: Path, model: str | bytes) -> Any:
        files.append((path.name, threading.current_thread()))
        return real(self, path, model)

    monkeypatch.setattr(Runtime, "_open", watched)
    return files


@pytest.mark.parametrize("processes", [1, 2])
def test_each_network_is_opened_once(opened: list[tuple[str, threading.Thread]], processes: int) -> None:
    sessions = load_ahead(Settings(models=ROOT / "models"), Share.all(processes)[0])
    names = ["faces-near.onnx", "faces-far.onnx", "mesh.onnx", "eye.onnx", "model.onnx"]
    # On a slow machine the golden answers are far enough apart for help to be got for a lone inference.
    ahead = [(name, thread) for name, thread in opened if thread.name != lone.THREAD]
    assert [name for name, _ in ahead] == names
    assert len({thread for _, thread in ahead}) == 1
    assert not sessions.begun


def test_what_nobody_asks_for_is_forgotten(models: Path) -> None:
    settings = settings_for(models)
    sessions = opening.runtime(settings, Share())
    with opening.ahead(settings, sessions):
        assert sessions.begun
    assert not sessions.begun


def no_model(models: Path) -> str:
    shutil.rmtree(models / "colours")
    return "Expected a model at"


def no_network(models: Path) -> str:
    (models / "colours" / "1" / "model.onnx").write_bytes(b"no network")
    return "cannot load this file"


def a_pipe(models: Path) -> str:
    (models / "colours" / "1" / "model.onnx").unlink()
    os.mkfifo(models / "colours" / "1" / "model.onnx")
    return "expected a file"


@pytest.mark.parametrize("broken", [no_model, no_network, a_pipe])
def test_what_is_wrong_is_said_by_who_loads_it(tmp_path: Path, broken: Callable[[Path], str]) -> None:
    write_bundle(tmp_path)
    reason = broken(tmp_path)
    with pytest.raises(InvalidBundle, match=reason):
        load_ahead(settings_for(tmp_path))


@pytest.mark.parametrize("networks", ["[]", "{}", '{"faces-near": "near.onnx"}', "7"])
def test_a_locator_whose_document_names_no_networks(tmp_path: Path, networks: str) -> None:
    write_bundle(tmp_path)
    (tmp_path / "eye-locator" / "1").mkdir(parents=True)
    (tmp_path / "eye-locator" / "1" / "locator.json").write_text(
        f'{{"schema_version": 1, "networks": {networks}}}'
    )
    with pytest.raises(InvalidBundle, match="expected a network"):
        load_ahead(settings_for(tmp_path))
