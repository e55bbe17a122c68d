"""Several processes behind one port, as an operator runs them."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.bundles import metadata, write_bundle
from tests.gates import eventually
from tests.processes import Process, running
from tests.uploads import picture

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked on Linux")


def children(process: Process) -> list[int]:
    """Process ids of those that serve."""
    pid = process.process.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@contextmanager
def connected(address: str) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def ask(connection: http.client.HTTPConnection, path: str = "/v1/models") -> int:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def by_process(text: str, metric: str) -> dict[str, float]:
    """Sums of a metric's samples, by the process that they are of."""
    found: dict[str, float] = {}
    for process, value in re.findall(rf'^{metric}{{.*process="(\d+)".*}} (\S+)$', text, re.MULTILINE):
        found[process] = found.get(process, 0.0) + float(value)
    return found


def metrics(address: str) -> str:
    return httpx.get(f"{address}/metrics").text


def test_connections_are_dealt_out_evenly(models: Path) -> None:
    with running(models, processes=3) as (process, address), ExitStack() as stack:
        assert len(children(process)) == 3
        held = [stack.enter_context(connected(address)) for _ in range(6)]
        for connection in held:
            assert ask(connection) == 200
        assert by_process(metrics(address), "service_requests_total") == {"0": 2.0, "1": 2.0, "2": 2.0}
        # Who leaves makes room: nothing is counted twice.
        for connection in (held[1], held[4]):
            connection.close()
        for _ in range(2):
            assert ask(stack.enter_context(connected(address))) == 200
        assert sum(by_process(metrics(address), "service_requests_total").values()) == 8.0


def test_every_process_tells_the_metrics_of_all(models: Path) -> None:
    with running(models, processes=2, workers=3) as (_, address), ExitStack() as stack:
        held = [stack.enter_context(connected(address)) for _ in range(2)]
        for connection in held:
            assert ask(connection) == 200
        for connection in held:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
            assert by_process(text, "service_requests_total") == {"0": 1.0, "1": 1.0}
            assert by_process(text, "service_workers") == {"0": 2.0, "1": 1.0}
            assert by_process(text, "service_model") == {"0": 1.0, "1": 1.0}
            assert text.count("# TYPE service_requests_total counter") == 1
            assert len(re.findall(r"^process_start_time_seconds{", text, re.MULTILINE)) == 2


def test_log_lines_say_which_process_wrote_them(models: Path) -> None:
    with running(models, processes=2) as (process, address):
        for _ in range(4):
            httpx.get(f"{address}/v1/models")
        process.stop()
    records = process.records()
    assert {record["process"] for record in records if record["message"] == "request"} == {0, 1}
    assert [record["message"] for record in records].count("listening") == 1
    assert sum(record["message"] == "stopping" for record in records) == 2


def test_answers_are_those_of_one_process(models: Path) -> None:
    def answers(processes: int) -> list[Any]:
        with running(models, processes=processes) as (_, address):
            files = [("images", picture("PNG")), ("images", picture("JPEG", (600, 400))), ("images", b"")]
            found = [httpx.post(f"{address}/v1/classify", files={"image": picture()}) for _ in range(3)]
            found.append(httpx.post(f"{address}/v1/classify/batch", files=files))
        assert [one.status_code for one in found] == [200] * 4
        return [without_time(one.json()) for one in found]

    assert answers(1) == answers(2)


def without_time(document: Any) -> Any:
    if isinstance(document, list):
        return [without_time(one) for one in document]
    if not isinstance(document, dict):
        return document
    kept = document.keys() - {"milliseconds", "request_id"}
    return {name: without_time(document[name]) for name in kept}


def test_a_process_that_dies_is_replaced_and_nobody_else_notices(models: Path) -> None:
    with running(models, processes=2) as (process, address), ExitStack() as stack:
        held = [stack.enter_context(connected(address)) for _ in range(2)]
        for connection in held:
            assert ask(connection) == 200
        first, second = children(process)
        os.kill(first, signal.SIGKILL)
        told = process.wait_for("a process ended and is replaced")
        assert (told["of"], told["exit_code"], told["process"]) == (0, -signal.SIGKILL, 1)
        assert ask(held[1]) == 200
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            ask(held[0])
        eventually(lambda: len(children(process)) == 2)
        assert second in children(process) and first not in children(process)
        eventually(lambda: len(by_process(metrics(address), "service_workers")) == 2)

        def asked_the_new_one() -> bool:
            assert httpx.get(f"{address}/v1/models").status_code == 200
            return "0" in by_process(metrics(address), "service_requests_total")

        eventually(asked_the_new_one)
        assert process.stop() == 0


def test_all_processes_die_at_once_and_the_service_goes_on(models: Path) -> None:
    with running(models, processes=2) as (process, address):
        for child in children(process):
            os.kill(child, signal.SIGKILL)
        for of in ({0, 1}, {0, 1}):  # neither line is lost with the process that was to write it
            assert process.wait_for("a process ended and is replaced")["of"] in of
        assert httpx.get(f"{address}/health/ready", timeout=30).status_code == 200
        eventually(lambda: len(by_process(metrics(address), "service_workers")) == 2)
        assert process.stop() == 0


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_whoever_is_told_to_stop_finishes_its_requests(models: Path, sig: signal.Signals) -> None:
    head = b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    body = (
        b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        + picture()
        + b"\r\n--b--\r\n"
    )
    with running(models, before=os.setsid, processes=2) as (process, address):
        parts = urlsplit(address)
        with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:-10])
            pids = children(process)
            os.killpg(process.process.pid, sig)  # as a terminal does with Ctrl-C
            process.wait_for("stopping")
            connection.sendall(body[-10:])
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert process.stop() == 0
        assert all(is_gone(pid) for pid in pids)


def test_a_group_that_is_stopped_drains_first(models: Path) -> None:
    """systemd and others send SIGTERM to all processes of a service, which is no reason to hurry."""
    with running(models, before=os.setsid, processes=2, drain_seconds=2) as (process, address):
        begin = time.monotonic()
        os.killpg(process.process.pid, signal.SIGTERM)
        process.wait_for("stopping")
        while time.monotonic() < begin + 1.5:
            answer = httpx.get(f"{address}/v1/models")
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert process.stop() == 0


def test_asked_again_it_does_not_drain(models: Path) -> None:
    with running(models, processes=2, drain_seconds=300) as (process, address):
        assert httpx.get(f"{address}/v1/models").status_code == 200
        process.process.send_signal(signal.SIGTERM)
        process.wait_for("stopping")
        assert process.stop() == 0


def test_asked_three_times_it_waits_for_nobody(models: Path) -> None:
    with running(models, processes=2, drain_seconds=300) as (process, _):
        hanging = children(process)[0]
        os.kill(hanging, signal.SIGSTOP)
        for _ in range(3):
            process.process.send_signal(signal.SIGTERM)
            time.sleep(0.05)  # signals that come at once may be one
        assert process.process.wait(timeout=60) == 0
        assert is_gone(hanging)


def test_nobody_stays_behind_where_the_supervisor_is_killed(models: Path) -> None:
    with running(models, processes=2) as (process, address):
        pids = children(process)
        assert httpx.get(f"{address}/health/live").status_code == 200
        os.kill(process.process.pid, signal.SIGKILL)
        eventually(lambda: all(is_gone(pid) for pid in pids))
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/health/live")


def patched(models: Path, changes: str, **settings: Any) -> "subprocess.Popen[str]":
    """The service with other constants, so that a test need not wait for what takes minutes."""
    given = {f"SERVICE_{name.upper()}": str(value) for name, value in settings.items()}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SERVICE_")}
    own = {"SERVICE_HOST": "127.0.0.1", "SERVICE_PORT": "0", "SERVICE_DRAIN_SECONDS": "0"}
    code = f"import sys; from service import command, supervisor; {changes}; sys.exit(command.main())"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=clean | own | {"SERVICE_MODELS": str(models), "SERVICE_MODEL": "colours"} | given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def said(process: "subprocess.Popen[str]", message: str) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{") and (record := json.loads(line))["message"] == message:
            return dict(record)
    raise AssertionError(f"The service ended and never said {message!r}.")


@contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.communicate(timeout=60)


def test_a_process_that_hangs_is_replaced(models: Path) -> None:
    quick = "supervisor.LOOK_SECONDS = 1.5; supervisor.MOST_MISSED = 2"
    with ended(patched(models, quick, processes=2)) as process:
        port = said(process, "listening")["port"]
        first = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        os.kill(first, signal.SIGSTOP)
        told = said(process, "a process ended and is replaced")
        assert (told["of"], told["exit_code"]) == (0, -signal.SIGKILL)
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200


def test_without_room_for_a_process_the_others_go_on(models: Path) -> None:
    refuse = (
        "import errno, os; made = os.fork; forks = []\n"
        "def fork():\n"
        "    forks.append(1)\n"
        "    if len(forks) in (3, 4):\n"
        "        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))\n"
        "    return made()\n"
        "os.fork = fork; supervisor.FIRST_DELAY = 0.2"
    )
    with ended(patched(models, refuse, processes=2)) as process:
        port = said(process, "listening")["port"]
        first = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        os.kill(first, signal.SIGKILL)
        for seconds in (0.2, 0.4):
            told = said(process, "no process could be forked")
            assert (told["of"], told["seconds"]) == (0, seconds)
            assert told["reason"] == "Resource temporarily unavailable"
        eventually(lambda: len(by_process(metrics(f"http://127.0.0.1:{port}"), "service_workers")) == 2)


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


def test_a_replacement_has_the_models_that_the_others_have(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    with running(tmp_path, processes=2, reload_seconds=0.5) as (process, address):
        shutil.copytree(tmp_path / "colours" / "1", tmp_path / "new")
        write_bundle(tmp_path / "newer", metadata(version=2))
        shutil.move(tmp_path / "newer" / "colours" / "2", tmp_path / "colours" / "2")
        for _ in range(2):
            process.wait_for("new model version loaded")
        os.kill(children(process)[0], signal.SIGKILL)
        process.wait_for("a process ended and is replaced")
        eventually(lambda: len(children(process)) == 2)
        eventually(lambda: len(by_process(metrics(address), "service_workers")) == 2)
        for _ in range(6):
            assert httpx.get(f"{address}/v1/models").json()["models"][0]["version"] == 2


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


def test_a_replacement_that_cannot_start_is_tried_again(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    quick = "supervisor.FIRST_DELAY = 0.2"
    # With threads of their own, processes load the model by themselves.
    with ended(patched(tmp_path, quick, processes=2, threads=2)) as process:
        port = said(process, "listening")["port"]
        shutil.move(tmp_path / "colours", tmp_path / "hidden")
        pid = process.pid
        first = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        os.kill(first, signal.SIGKILL)
        assert said(process, "a process ended and is replaced")["exit_code"] == -signal.SIGKILL
        for seconds in (0.2, 0.4):
            told = said(process, "a process ended and is replaced")
            assert (told["of"], told["exit_code"], told["seconds"]) == (0, 2, seconds)
            assert "Expected a model at" in told["reason"]
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
        shutil.move(tmp_path / "hidden", tmp_path / "colours")
        eventually(lambda: len(by_process(metrics(f"http://127.0.0.1:{port}"), "service_workers")) == 2)


def test_without_any_process_left_the_service_ends(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    with ended(patched(tmp_path, "pass", processes=2, threads=2)) as process:
        said(process, "listening")
        shutil.rmtree(tmp_path / "colours")
        pid = process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "Expected a model at" in output.splitlines()[-1]


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
