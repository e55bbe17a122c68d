"""How several processes start, and what stops their start."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.bundles import write_bundle
from tests.gates import eventually
from tests.processes import Process
from tests.several import by_process, patched

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked on Linux")


def no_model(models: Path) -> str:
    shutil.rmtree(models / "colours")
    return "Expected a model at"


def a_corrupt_file(models: Path) -> str:
    path = models / "colours/1/model.onnx"
    path.write_bytes(path.read_bytes()[:200])
    return "ONNX Runtime cannot load this file"


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("spoil", [no_model, a_corrupt_file])
def test_a_bad_bundle_stops_the_start_with_one_line(
    tmp_path: Path, spoil: Callable[[Path], str], threads: int
) -> None:
    write_bundle(tmp_path)
    reason = spoil(tmp_path)
    process = Process({"models": tmp_path, "model": "colours", "processes": 2, "threads": threads})
    assert process.process.wait(timeout=60) == 2
    process.stop()
    (line,) = process.lines
    assert reason in line


def test_a_port_that_is_taken(models: Path, service: str) -> None:
    port = urlsplit(service).port
    process = Process({"models": models, "model": "colours", "port": port, "processes": 2})
    assert process.process.wait(timeout=60) == 2
    process.stop()
    reason = f"Expected a free port that may be opened. Received: {port} (Address already in use)."
    assert process.lines == [f"SERVICE_PORT: {reason}\n"]


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_closed_standard_streams_are_nobodys(models: Path, closed: tuple[int, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    given = {"HOST": "127.0.0.1", "PORT": port, "MODELS": models, "MODEL": "colours", "PROCESSES": 2}

    def close() -> None:
        for descriptor in closed:
            os.close(descriptor)

    with subprocess.Popen(
        [sys.executable, "-m", "service"],
        env=os.environ | {f"SERVICE_{name}": str(value) for name, value in given.items()},
        preexec_fn=close,
    ) as process:

        def is_ready() -> bool:
            with suppress(httpx.ConnectError):
                return httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
            return False

        eventually(is_ready)
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert set(by_process(text, "service_workers")) == {"0", "1"}
        process.terminate()
        assert process.wait(60) == 0


def test_without_room_for_its_processes_the_service_does_not_start(models: Path) -> None:
    refuse = (
        "import errno, os; made = os.fork; forks = []\n"
        "def fork():\n"
        "    forks.append(1)\n"
        "    if len(forks) > 1:\n"
        "        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))\n"
        "    return made()\n"
        "os.fork = fork"
    )
    process = patched(models, refuse, processes=3)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    expected = "Expected room for 3 processes. Received: Resource temporarily unavailable."
    assert output == f"SERVICE_PROCESSES: {expected}\n"
