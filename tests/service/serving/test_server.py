"""Connections: slow, too many, far ahead of their answers, broken."""

import contextlib
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

from service.serving.one_write import OneWrite
from service.serving.protocol import ImpatientProtocol
from tests.gates import PATIENCE_SECONDS, eventually, gated
from tests.serving import connect, until_closed


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


def test_who_makes_room_is_found_without_looking_at_everybody(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0

    class Counted(OneWrite):
        def is_closing(self) -> bool:
            nonlocal looked
            looked += 1
            return super().is_closing()

    monkeypatch.setattr("service.serving.protocol.OneWrite", Counted)
    with gated(models, workers=1, max_connections=100) as service, ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connect(service.address))
        assert httpx.get(f"{service.address}/health/live").status_code == 200
    assert 0 < looked < 2_000


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
