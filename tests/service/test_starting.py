"""How the process starts, and what stops its start."""

import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import onnx
import pytest

from service.command import main
from service.docstrings import attribute_docstrings
from service.settings import Settings
from tests.bundles import colour_model, metadata, write_bundle
from tests.processes import Process, running


def test_killed_and_started_again(models: Path) -> None:
    with running(models) as (process, address):
        assert process.stop(signal.SIGKILL) == -signal.SIGKILL
    with running(models, port=urlsplit(address).port) as (_, again):
        assert again == address
        assert httpx.get(f"{again}/health/ready").status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("SERVICE_PORT", "http", "SERVICE_PORT: Input should be a valid integer"),
        ("SERVICE_MODEL", " , ", "SERVICE_MODEL: Expected names of models"),
        ("SERVICE_MAX_BATCH", "0", "SERVICE_MAX_BATCH: Input should be greater than or equal to 1"),
        (
            "SERVICE_API_KEYS",
            "short-secret",
            "SERVICE_API_KEYS: Expected keys of 16 or more ASCII characters",
        ),
        ("SERVICE_API_KEYS", "schlüssel-aus-short-secret", "SERVICE_API_KEYS: Expected keys of 16 or more"),
        ("SERVICE_API_KEYS", "first-key-of-sixteen,a short-secret key", "SERVICE_API_KEYS: Expected keys of"),
        ("SERVICE_CORS_ORIGINS", "https://a.example,foo", "SERVICE_CORS_ORIGINS: Expected origins such as"),
        ("SERVICE_CORS_ORIGINS", "https://a.example/", "SERVICE_CORS_ORIGINS: Expected origins such as"),
        ("SERVICE_CORS_ORIGINS", "https://bücher.example", "SERVICE_CORS_ORIGINS: Expected origins such as"),
        ("SERVICE_CORS_ORIGINS", "https://*.example", "SERVICE_CORS_ORIGINS: Expected origins such as"),
        ("SERVICE_CORS_ORIGINS", "https://a.example:443", "SERVICE_CORS_ORIGINS: Expected origins such as"),
        ("SERVICE_TUTORIAL_URL", "https://a.example/", "SERVICE_TUTORIAL_URL: Expected a link that begins"),
        (
            "SERVICE_TUTORIAL_URL",
            os.fsdecode(b"https://a.example/{query}\xfc"),  # Latin-1
            "SERVICE_TUTORIAL_URL: Expected a link that begins",
        ),
        (
            "SERVICE_TUTORIAL_URL",
            "javascript:f({query})",
            "SERVICE_TUTORIAL_URL: Expected a link that begins",
        ),
    ],
)
def test_a_bad_setting_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, reason: str
) -> None:
    monkeypatch.setattr("sys.argv", ["service"])
    monkeypatch.setenv("SERVICE_MODELS", "nowhere")  # a value that is taken starts no service here
    monkeypatch.setenv(name, value)
    assert main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(reason)
    assert line.endswith("spaces." if name == "SERVICE_API_KEYS" else f" Received: {value!r}.")
    assert "short-secret" not in line


def test_a_start_that_fails_leaves_no_socket_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["service"])
    monkeypatch.setenv("SERVICE_MODELS", str(tmp_path))
    monkeypatch.setenv("SERVICE_PROCESSES", "2")
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    assert main() == 2
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


def test_a_misspelt_setting_is_told(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(models, prot="9000") as (process, _):
        process.stop()
    assert process.lines[0] == (
        "SERVICE_PROT: there is no such setting, and it does nothing. Was SERVICE_PORT meant?\n"
    )


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="needs a disk that is always full")
@pytest.mark.parametrize(("processes", "threads"), [(1, 0), (2, 0), (2, 2)])
def test_a_reason_that_cannot_be_written_stops_the_start_all_the_same(
    tmp_path: Path, processes: int, threads: int
) -> None:
    write_bundle(tmp_path)
    no_model(tmp_path)
    given = {"MODELS": tmp_path, "MODEL": "colours", "PROCESSES": processes, "THREADS": threads, "PORTT": 0}
    settings = {f"SERVICE_{name}": str(value) for name, value in given.items()}
    with FULL.open("w") as full:
        command = [sys.executable, "-m", "service"]
        assert subprocess.run(command, env=os.environ | settings, stderr=full, timeout=60).returncode == 2


def test_help_lists_every_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["service", "--help"])
    with pytest.raises(SystemExit):
        main()
    text = capsys.readouterr().out
    described = attribute_docstrings(Settings)
    for name in Settings.model_fields:
        assert f"SERVICE_{name.upper()} (default: " in text
        assert described[name] in text
    assert "SERVICE_PORT (default: 8000)\n      Port to listen on; 0 takes a free one" in text


def no_model(models: Path) -> str:
    shutil.rmtree(models / "colours")
    return "Expected a model at"


def a_corrupt_file(models: Path) -> str:
    path = models / "colours/1/model.onnx"
    path.write_bytes(path.read_bytes()[:200])
    return "ONNX Runtime cannot load this file"


def another_input(models: Path) -> str:
    model = onnx.load(models / "colours/1/model.onnx")
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    onnx.save(model, models / "colours/1/model.onnx")
    return "expected uint8 [N, S, S, 3] pictures"


def no_metadata(models: Path) -> str:
    onnx.save(colour_model(None), models / "colours/1/model.onnx")
    return "expected metadata under the key"


def no_golden_answers(models: Path) -> str:
    shutil.rmtree(models / "colours/1/golden")
    return "expected the golden answers"


def no_locator(models: Path) -> str:
    shutil.rmtree(models / "colours")
    write_bundle(models, metadata(crop={"scale": 1.3, "centre": 0.5}))
    return "expected the eye locator, which a model needs"


def a_broken_locator(models: Path) -> str:
    (models / "eye-locator/1").mkdir(parents=True)
    (models / "eye-locator/1/locator.json").write_text("[]")
    return "expected a JSON object"


@pytest.mark.parametrize(
    "spoil",
    [no_model, a_corrupt_file, another_input, no_metadata, no_golden_answers, no_locator, a_broken_locator],
)
def test_a_bad_bundle_stops_the_start_with_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], str],
) -> None:
    write_bundle(tmp_path)
    reason = spoil(tmp_path)
    monkeypatch.setattr("sys.argv", ["service"])
    monkeypatch.setenv("SERVICE_MODELS", str(tmp_path))
    monkeypatch.setenv("SERVICE_MODEL", "colours")
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        assert main() == 2
    finally:
        root.handlers, root.level = handlers, level
        logging.captureWarnings(False)
    (line,) = capsys.readouterr().err.splitlines()
    assert reason in line


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("spoil", [no_model, a_corrupt_file])
def test_it_stops_the_start_of_several_processes_too(
    tmp_path: Path, spoil: Callable[[Path], str], threads: int
) -> None:
    """With threads of their own, processes load the model by themselves: all of them fail, one is heard."""
    write_bundle(tmp_path)
    reason = spoil(tmp_path)
    process = Process({"models": tmp_path, "model": "colours", "processes": 2, "threads": threads})
    assert process.process.wait(timeout=60) == 2
    process.stop()
    (line,) = process.lines
    assert reason in line


def test_a_wrong_golden_answer_stops_the_start(tmp_path: Path) -> None:
    write_bundle(tmp_path, metadata(), golden=(0.2, 0.2, 0.6))
    process = Process({"models": tmp_path, "model": "colours"})
    assert process.process.wait(timeout=60) == 2
    process.stop()
    assert "the answer for red.png differs by" in process.lines[0]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_port_that_is_taken(models: Path, service: str, processes: int) -> None:
    port = urlsplit(service).port
    process = Process({"models": models, "model": "colours", "port": port, "processes": processes})
    assert process.process.wait(timeout=60) == 2
    process.stop()
    reason = f"Expected a free port that may be opened. Received: {port} (Address already in use)."
    assert process.lines == [f"SERVICE_PORT: {reason}\n"]


# Waits where the first import of our own begins.
AT_FIRST = """if True:
    import runpy, signal, sys
    class Wait:
        def find_spec(self, name, *_):
            if name.startswith("service.") and name != "service.__main__":
                print(flush=True)
                signal.pause()
    sys.meta_path.insert(0, Wait())
    sys.argv[0] = "service"
    runpy.run_module("service", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("arguments", "number", "code"),
    [
        ([], signal.SIGTERM, 0),
        ([], signal.SIGINT, 0),
        (["tune"], signal.SIGTERM, 143),
        (["tune"], signal.SIGINT, 130),
    ],
)
def test_a_start_ends_when_it_is_asked_to_from_the_first_import_on(
    arguments: list[str], number: signal.Signals, code: int
) -> None:
    command = [sys.executable, "-c", AT_FIRST, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (code, b"")


def test_a_start_of_tune_in_the_background_of_a_script_leaves_ctrl_c_alone() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", AT_FIRST, "tune"],
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)  # would be heard before the other
        process.terminate()
    assert process.returncode == 143
