"""Slow clients, and the life of the process."""

import contextlib
import logging
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import onnx
import pytest

from service.__main__ import main
from service.settings import Settings
from tests.bundles import colour_model, metadata, write_bundle
from tests.gates import eventually, gated
from tests.processes import Process, running
from tests.uploads import picture


def connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def until_closed(connection: socket.socket) -> bytes:
    try:
        return b"".join(iter(lambda: connection.recv(65536), b""))
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(
    "start",
    [b"", b"POST /v1/classify HT", b"POST /v1/classify HTTP/1.1\r\nhost: a\r\nx: y"],
    ids=["silence", "half a line", "half a head"],
)
def test_a_slow_head_ends_the_connection(service: str, start: bytes) -> None:
    with connect(service) as connection:
        connection.sendall(start)
        assert until_closed(connection) == b""


def test_a_head_without_end(service: str) -> None:
    flood = b"GET /health HTTP/1.1\r\nhost: a\r\n" + b"x: " + b"y" * 1_000_000
    with connect(service) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have been told already
            connection.sendall(flood)
        answer = until_closed(connection)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


def test_answers_that_nobody_reads(models: Path) -> None:
    with gated(models, body_seconds=0.2) as service, connect(service.address) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        (protocol,) = service.server.server_state.connections
        # What the transport calls once its buffers and the kernel's are full.
        protocol.loop.call_soon_threadsafe(protocol.pause_writing)
        assert until_closed(connection) == b""


def test_requests_without_end_before_the_first_answer(service: str) -> None:
    flood = b"GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n" * 2000
    with connect(service) as connection, pytest.raises((BrokenPipeError, ConnectionResetError)):
        while True:
            connection.sendall(flood)


def test_requests_in_one_go_are_answered_in_turn(service: str) -> None:
    requests = b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n" * 49
    last = b"GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
    with connect(service) as connection:
        connection.sendall(requests + last)
        assert until_closed(connection).count(b'{"status":"live"}') == 50


def test_idle_connections_lock_nobody_out(models: Path) -> None:
    with gated(models, workers=1, max_connections=4) as service, ExitStack() as stack:
        service.client.get("/health/live")  # now idle as well
        held = [stack.enter_context(connect(service.address)) for _ in range(8)]
        for _ in range(2):
            assert httpx.get(f"{service.address}/health/live").status_code == 200
        assert until_closed(held[0]) == b""
        assert len(service.server.server_state.connections) <= 4


def test_unfinished_requests_lock_nobody_out(models: Path) -> None:
    head = b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    with gated(models, workers=1, max_connections=4) as service, ExitStack() as stack:
        held = [stack.enter_context(connect(service.address)) for _ in range(4)]
        for connection in held:
            connection.sendall(head + b"Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 100")
        assert httpx.get(f"{service.address}/health/live").status_code == 200
        assert until_closed(held[0]) == b""


def test_a_connection_at_work_is_not_closed_for_room(models: Path) -> None:
    with gated(models, workers=1, max_connections=2) as service, ThreadPoolExecutor() as pool:
        service.predictor.gate.clear()
        url = f"{service.address}/v1/classify"
        busy = pool.submit(service.client.post, url, files={"image": picture()})
        service.predictor.wait_until_asked()
        for _ in range(4):
            assert httpx.get(f"{service.address}/health/live").status_code == 200
            with connect(service.address), connect(service.address):
                pass
        service.predictor.gate.set()
        assert busy.result().status_code == 200


def test_bytes_that_are_no_http(service: str) -> None:
    with connect(service) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50))
        assert until_closed(connection).startswith(b"HTTP/1.1 400 Bad Request")


def test_a_connection_serves_many_requests(service: str) -> None:
    connection = HTTPConnection(urlsplit(service).netloc)
    connection.connect()
    first = connection.sock
    for _ in range(3):
        connection.request("GET", "/health/live")
        assert connection.getresponse().read() == b'{"status":"live"}'
        assert connection.sock is first
    connection.close()


def test_stopping_is_announced_and_finishes_what_is_in_flight(models: Path) -> None:
    with gated(models, workers=1, drain_seconds=30.0) as service, ThreadPoolExecutor() as pool:
        service.predictor.gate.clear()
        url = f"{service.address}/v1/classify"
        in_flight = pool.submit(service.client.post, url, files={"image": picture()})
        service.predictor.wait_until_asked()
        service.server.handle_exit(signal.SIGTERM, None)
        ready = service.client.get("/health/ready")
        assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
        assert ready.headers["connection"] == "close"
        assert service.client.get("/health").json()["status"] == "stopping"
        assert service.client.get("/health/live").status_code == 200
        late = pool.submit(service.client.post, url, files={"image": picture()})
        eventually(lambda: service.metric("service_requests_inside") == 2)
        service.server.handle_exit(signal.SIGTERM, None)  # asked a second time: no more draining
        service.predictor.gate.set()
        assert (in_flight.result().status_code, late.result().status_code) == (200, 200)


def test_sigterm_under_load_loses_no_request(models: Path) -> None:
    """Clients behave as a load balancer does: they stop when they are told so, and not before."""
    statuses: list[int] = []
    many = threading.Semaphore(0)

    def ask(address: str) -> None:
        with httpx.Client(base_url=address) as client:
            goodbye = False
            while not goodbye:
                response = client.post("/v1/classify", files={"image": picture("JPEG", (600, 400))})
                statuses.append(response.status_code)
                goodbye = response.headers.get("connection") == "close"
                many.release()

    with running(models, waiting=50, drain_seconds=5) as (process, address), ThreadPoolExecutor() as pool:
        clients = [pool.submit(ask, address) for _ in range(4)]
        for _ in range(40):
            assert many.acquire(timeout=30)
        process.process.send_signal(signal.SIGTERM)
        for client in clients:
            client.result()
        assert process.stop() == 0
    assert set(statuses) == {200}
    assert [record["message"] for record in process.records()].count("request") == len(statuses)


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
        ("SERVICE_MAX_BATCH", "0", "SERVICE_MAX_BATCH: Input should be greater than or equal to 1"),
        ("SERVICE_API_KEYS", "short-secret", "SERVICE_API_KEYS: Value error, Each key must have at least 16"),
    ],
)
def test_a_bad_setting_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, reason: str
) -> None:
    monkeypatch.setattr("sys.argv", ["service"])
    monkeypatch.setenv(name, value)
    assert main() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(reason)
    assert "short-secret" not in line


def test_help_lists_every_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["service", "--help"])
    with pytest.raises(SystemExit):
        main()
    text = capsys.readouterr().out
    for name, field in Settings.model_fields.items():
        assert f"SERVICE_{name.upper()} (default: " in text
        assert str(field.description) in text


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


def test_a_wrong_golden_answer_stops_the_start(tmp_path: Path) -> None:
    write_bundle(tmp_path, metadata(), golden=(0.2, 0.2, 0.6))
    process = Process({"models": tmp_path, "model": "colours"})
    assert process.process.wait(timeout=60) == 2
    process.stop()
    assert "the answer for red.png differs by" in process.lines[0]


def test_a_port_that_is_taken(models: Path, service: str) -> None:
    process = Process({"models": models, "model": "colours", "port": urlsplit(service).port})
    assert process.process.wait(timeout=60) != 0
    process.stop()
    assert "address already in use" in process.records()[0]["message"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_start_ends_when_it_is_asked_to(number: signal.Signals) -> None:
    code = "import signal; from service.__main__ import _end_when_asked as end; end(); print(flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{code}; signal.pause()"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
