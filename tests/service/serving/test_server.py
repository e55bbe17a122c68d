"""Connections: slow, endless, too many, broken."""

import contextlib
import logging
import select
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from service.serving.protocol import ImpatientProtocol
from tests.gates import PATIENCE_SECONDS, eventually, gated
from tests.serving import connect
from tests.uploads import MULTIPART, end, part, picture


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


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        (b"", 9 * (b"x: " + b"y" * 8_000 + b"\r\n"), b"431"),
        (b"", b"x: " + b"y" * 8_192 + b"\r\n", b"431"),
        (b"", b"x" * 8_192 + b": y\r\n", b"431"),
        (b"", 100 * b"x:\r\n", b"431"),
        (b"?" + 100 * b"x&", b"", b"431"),
        (b"?" + b"y" * 8_192, b"", b"414"),
        (b"/" + b"%41" * 20_000, b"", b"414"),
    ],
    ids=["fields", "a value", "a name", "number of fields", "number of parameters", "a query", "a path"],
)
def test_a_head_that_is_too_large(service: str, path: bytes, fields: bytes, status: bytes) -> None:
    with connect(service) as connection:
        connection.sendall(b"GET /health/live" + path + b" HTTP/1.1\r\nhost: a\r\n" + fields + b"\r\n")
        assert until_closed(connection).split()[1] == status


def test_a_head_of_long_lines(service: str) -> None:
    path, field = b"/health/live?" + b"y" * (8_192 - 13), b"x: " + b"y" * (8_192 - 1) + b"\r\n"
    with connect(service) as connection:
        connection.sendall(b"GET " + path + b" HTTP/1.1\r\nhost: a\r\nconnection: close\r\n")
        connection.sendall(6 * field + b"\r\n")
        assert until_closed(connection).startswith(b"HTTP/1.1 200 ")


def test_a_head_of_a_hundred_fields_and_parameters(service: str) -> None:
    with connect(service) as connection:
        start = b"GET /health/live?" + 99 * b"x&" + b"x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
        connection.sendall(start + 98 * b"x:\r\n" + b"\r\n")
        assert until_closed(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("line", "hosts", "status"),
    [
        (b"HTTP/1.1", b"", b"400"),
        (b"HTTP/1.1", b"host: a\r\nHost: b\r\n", b"400"),
        (b"HTTP/1.1", b"Host:\r\n", b"200"),
        (b"HTTP/1.0", b"", b"200"),
    ],
)
def test_a_request_names_one_host(service: str, line: bytes, hosts: bytes, status: bytes) -> None:
    with connect(service) as connection:
        connection.sendall(b"GET /health/live " + line + b"\r\n" + hosts + b"connection: close\r\n\r\n")
        assert until_closed(connection).split()[1] == status


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n", b"200"),
        (b"POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n", b"404"),
    ],
    ids=["complete", "its body behind the answer"],
)
def test_who_sends_a_little_more_is_idle_all_the_same(models: Path, asked: bytes, status: bytes) -> None:
    with gated(models, keep_alive_seconds=1) as service, connect(service.address) as connection:
        connection.sendall(asked)
        assert connection.recv(65536).split()[1] == status
        connection.sendall(b"\r\n\r\n")
        assert until_closed(connection) == b""


def test_who_sends_too_much_gets_the_answer_nevertheless(models: Path) -> None:
    with gated(models, max_body_bytes=100_000) as service:
        for _ in range(5):
            connection = HTTPConnection(urlsplit(service.address).netloc, timeout=30)
            connection.request("POST", "/v1/classify", bytes(20_000_000), {"Content-Type": "text/plain"})
            answer = connection.getresponse()
            assert (answer.status, answer.headers["connection"]) == (413, "close")
            answer.read()
            connection.close()
        eventually(lambda: not service.server.server_state.connections)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nhost: a\r\n",
        b"POST /v1/classify HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\n\r\n",
    ],
    ids=["half a head", "a body that is refused"],
)
def test_who_does_not_end_keeps_nobody_from_stopping(models: Path, sent: bytes) -> None:
    patient = {"max_body_bytes": 100_000, "header_seconds": 300.0, "body_seconds": 300.0}
    with gated(models, **patient) as service, connect(service.address) as connection:
        connection.sendall(sent)
        connections = service.server.server_state.connections
        eventually(lambda: len(connections) == 1)
        (protocol,) = connections
        assert isinstance(protocol, ImpatientProtocol)
        eventually(lambda: protocol._in_headers or protocol.transport.is_closing())
        protocol.loop.call_soon_threadsafe(protocol.shutdown)
        eventually(lambda: not service.server.server_state.connections)


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


def test_requests_too_far_ahead_are_not_even_parsed(models: Path) -> None:
    ask = b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n"
    with gated(models) as service, connect(service.address) as connection:
        connection.sendall(ask)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        (protocol,) = service.server.server_state.connections
        assert isinstance(protocol, ImpatientProtocol)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have been cut off already
            connection.sendall(ask * 5000)
        until_closed(connection)
        assert protocol._heads < 200


def test_requests_in_one_go_are_answered_in_turn(service: str) -> None:
    requests = b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n" * 49
    last = b"GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
    with connect(service) as connection:
        connection.sendall(requests + last)
        assert until_closed(connection).count(b'{"status":"live"}') == 50


def test_fields_behind_a_chunked_body_are_not_kept(models: Path) -> None:
    head = b"POST /v1/classify HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    with gated(models) as service, connect(service.address) as connection:
        connection.sendall(head + b"0\r\n" + b"a: b\r\n" * 1000 + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 4")
        (protocol,) = service.server.server_state.connections
        assert isinstance(protocol, ImpatientProtocol) and len(protocol.headers) == 2


CHUNKED = b"POST /v1/classify HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=b\r\n"
CHUNKED += b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n"


@pytest.mark.parametrize(
    "start", [b"0\r\nx: ", b"1;x="], ids=["a field behind the body", "a chunk's extension"]
)
def test_what_is_beside_a_body_without_end(models: Path, start: bytes) -> None:
    with gated(models, body_seconds=300.0) as service, connect(service.address) as connection:
        connection.sendall(CHUNKED + start)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have been told already
            for _ in range(20):
                connection.sendall(b"y" * 50_000)
        assert connection.recv(65536).startswith(b"HTTP/1.1 431 ")
        eventually(lambda: not service.server.server_state.tasks)


def test_a_body_in_tiny_chunks(models: Path) -> None:
    with gated(models, body_seconds=300.0) as service, connect(service.address) as connection:
        connection.sendall(CHUNKED + 50_000 * b"1\r\na\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
        eventually(lambda: not service.server.server_state.tasks)


def test_a_body_in_many_chunks(service: str) -> None:
    chunk = b"40\r\n" + b"a" * 64 + b"\r\n"
    with connect(service) as connection:
        connection.sendall(CHUNKED + 20_000 * chunk + b"0\r\nx: y\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 422 ")


def test_who_breaks_off_its_body_is_not_waited_for(models: Path) -> None:
    with gated(models, body_seconds=300.0) as service, connect(service.address) as connection:
        connection.sendall(CHUNKED)
        eventually(lambda: bool(service.server.server_state.tasks))
        connection.sendall(b"no size of a chunk\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
        eventually(lambda: not service.server.server_state.tasks)


def test_an_answer_behind_a_refusal_is_dropped(models: Path, caplog: pytest.LogCaptureFixture) -> None:
    form = part(picture()) + end()
    ask = f"POST /v1/classify HTTP/1.1\r\nhost: a\r\ncontent-type: {MULTIPART['content-type']}\r\n"
    with gated(models, body_seconds=300.0) as service, connect(service.address) as connection:
        service.predictor.gate.clear()
        connection.sendall(f"{ask}content-length: {len(form)}\r\n\r\n".encode() + form)
        service.predictor.wait_until_asked()
        connection.sendall(CHUNKED + b"no size of a chunk\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
        service.predictor.gate.set()
        eventually(lambda: not service.server.server_state.tasks)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_connection_that_is_reset_leaves_no_timer(models: Path) -> None:
    with gated(models) as service, connect(service.address) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        (protocol,) = service.server.server_state.connections
        assert isinstance(protocol, ImpatientProtocol)
        eventually(lambda: protocol.timeout_keep_alive_task is not None)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        eventually(lambda: not service.server.server_state.connections)
        assert protocol.timeout_keep_alive_task is None


def test_idle_connections_lock_nobody_out(models: Path) -> None:
    with gated(models, workers=1, max_connections=4) as service, ExitStack() as stack:
        service.client.get("/health/live")  # now idle as well
        held = [stack.enter_context(connect(service.address)) for _ in range(8)]
        for _ in range(2):
            assert httpx.get(f"{service.address}/health/live").status_code == 200
        # Not always the first: the loop counts milliseconds, and several may begin within one.
        closed, _, _ = select.select(held, [], [], PATIENCE_SECONDS)
        assert closed and {until_closed(one) for one in closed} == {b""}
        assert len(service.server.server_state.connections) <= 4


def test_who_has_just_been_answered_is_not_the_one_that_is_idle_for_longest(models: Path) -> None:
    with gated(models, workers=1, max_connections=2) as service, ThreadPoolExecutor() as pool:
        slow = service.hold(pool)
        with connect(service.address) as idle:
            idle.sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
            assert idle.recv(65536).startswith(b"HTTP/1.1 200 ")
            service.predictor.gate.set()
            assert slow.result().status_code == 200
            assert httpx.get(f"{service.address}/health/live").status_code == 200
            assert until_closed(idle) == b""


def test_unfinished_requests_lock_nobody_out(models: Path) -> None:
    head = b"POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    with gated(models, workers=1, max_connections=4) as service, ExitStack() as stack:
        held = [stack.enter_context(connect(service.address)) for _ in range(4)]
        for connection in held:
            connection.sendall(head + b"Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 100")
        assert httpx.get(f"{service.address}/health/live").status_code == 200
        # Not always the first: the loop counts milliseconds, and several may begin within one.
        closed, _, _ = select.select(held, [], [], PATIENCE_SECONDS)
        assert closed and {until_closed(one) for one in closed} == {b""}


def test_a_connection_at_work_is_not_closed_for_room(models: Path) -> None:
    with gated(models, workers=1, max_connections=2) as service, ThreadPoolExecutor() as pool:
        busy = service.hold(pool)
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
