"""Several processes behind one port, as an operator runs them."""

import http.client
import os
import re
import shutil
import signal
import socket
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import onnx
import pytest

from tests.bundles import colour_model, metadata, write_bundle
from tests.gates import eventually
from tests.processes import Process, running
from tests.several import ON_LINUX, ask, by_process, children, connected, metrics, patched
from tests.uploads import picture

pytestmark = ON_LINUX


def sockets(pid: int) -> int:
    """How many sockets a process has open."""
    found = 0
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found += os.readlink(one).startswith("socket:")
    return found


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


def test_connections_that_come_together_stay_within_the_limit(models: Path) -> None:
    with (
        running(models, processes=2, max_connections=8, keep_alive_seconds=300) as (process, address),
        ExitStack() as stack,
    ):
        parts = urlsplit(address)
        before = [sockets(pid) for pid in children(process)]
        held = [stack.enter_context(socket.socket()) for _ in range(100)]
        for one in held:
            one.setblocking(False)
            one.connect_ex((parts.hostname, parts.port))
        for one in held:
            with suppress(OSError):  # it may have been closed for room already
                one.sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
        for _ in range(2):
            assert httpx.get(f"{address}/health/live").status_code == 200
        own = dict(zip(children(process), before, strict=True))
        eventually(lambda: all(sockets(pid) <= count + 4 for pid, count in own.items()))


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
            return by_process(metrics(address), "service_requests_total").get("0", 0.0) > 0.0

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


def test_whoever_starts_it_may_ignore_the_ends_of_processes(models: Path) -> None:
    """What is ignored is inherited, and the system then reaps processes before the supervisor does."""

    def ignore() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    with running(models, before=ignore, processes=2) as (process, address):
        os.kill(children(process)[0], signal.SIGKILL)
        told = process.wait_for("a process ended and is replaced")
        assert (told["of"], told["exit_code"]) == (0, -signal.SIGKILL)
        assert httpx.get(f"{address}/health/ready").status_code == 200
        assert process.stop() == 0


def test_a_process_that_hangs_is_replaced(models: Path) -> None:
    quick = patched("supervisor.LOOK_SECONDS = 1.5; supervisor.MOST_MISSED = 2")
    with running(models, code=quick, processes=2) as (process, address):
        os.kill(children(process)[0], signal.SIGSTOP)
        told = process.wait_for("a process ended and is replaced")
        assert (told["of"], told["exit_code"]) == (0, -signal.SIGKILL)
        assert httpx.get(f"{address}/health/ready").status_code == 200


def refusing(first: int, last: int) -> str:
    """Changes after which the system has no room for these forks, counted from 1."""
    return (
        "import errno, os; made = os.fork; forks = []\n"
        "def fork():\n"
        "    forks.append(1)\n"
        f"    if {first} <= len(forks) <= {last}:\n"
        "        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))\n"
        "    return made()\n"
        "os.fork = fork"
    )


def test_without_room_for_a_process_the_others_go_on(models: Path) -> None:
    code = patched(f"{refusing(3, 4)}; supervisor.FIRST_DELAY = 0.2")
    with running(models, code=code, processes=2) as (process, address):
        os.kill(children(process)[0], signal.SIGKILL)
        for seconds in (0.2, 0.4):
            told = process.wait_for("no process could be forked")
            assert (told["of"], told["seconds"]) == (0, seconds)
            assert told["reason"] == "Resource temporarily unavailable"
        eventually(lambda: len(by_process(metrics(address), "service_workers")) == 2)


def test_without_room_for_its_processes_the_service_does_not_start(models: Path) -> None:
    settings = {"models": models, "model": "colours", "processes": 3}
    process = Process(settings, code=patched(refusing(2, 3)))
    assert process.process.wait(timeout=60) == 2
    process.stop()
    expected = "Expected room for 3 processes. Received: Resource temporarily unavailable."
    assert process.lines == [f"SERVICE_PROCESSES: {expected}\n"]


def test_a_replacement_has_the_models_that_the_others_have(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    with running(tmp_path, processes=2, reload_seconds=0.5) as (process, address):
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


def test_a_replacement_that_cannot_start_is_tried_again(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    quick = patched("supervisor.FIRST_DELAY = 0.2")
    # With threads of their own, processes load the model by themselves.
    with running(tmp_path, code=quick, processes=2, threads=2) as (process, address):
        shutil.move(tmp_path / "colours", tmp_path / "hidden")
        os.kill(children(process)[0], signal.SIGKILL)
        assert process.wait_for("a process ended and is replaced")["exit_code"] == -signal.SIGKILL
        for seconds in (0.2, 0.4):
            told = process.wait_for("a process ended and is replaced")
            assert (told["of"], told["exit_code"], told["seconds"]) == (0, 2, seconds)
            assert "Expected a model at" in told["reason"]
        assert httpx.get(f"{address}/health/ready").status_code == 200
        shutil.move(tmp_path / "hidden", tmp_path / "colours")
        eventually(lambda: len(by_process(metrics(address), "service_workers")) == 2)


def test_a_reason_of_any_length_is_told(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    with running(tmp_path, processes=2, threads=2, reload_seconds=0) as (process, _):
        labels = [{"id": "\x01\x02", "title": "two of one id"}] * 3000
        newer = tmp_path / "colours" / "2" / "model.onnx"
        newer.parent.mkdir()
        onnx.save(colour_model(metadata(version=2, labels=labels)), newer)
        os.kill(children(process)[0], signal.SIGKILL)
        eventually(
            lambda: any("Label ids must be unique" in one.get("reason", "") for one in process.records())
        )
    assert not [record for record in process.records() if record["logger"] == "asyncio"]


def test_without_any_process_left_the_service_ends(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    with running(tmp_path, processes=2, threads=2) as (process, _):
        shutil.rmtree(tmp_path / "colours")
        for child in children(process):
            os.kill(child, signal.SIGKILL)
        assert process.process.wait(timeout=60) == 1
        process.stop()
    (complaint,) = [line for line in process.lines if not line.startswith("{")]
    assert "Expected a model at" in complaint
