"""Bodies of requests: too large, in chunks, broken off."""

import contextlib
import logging
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from service.serving.protocol import ImpatientProtocol
from tests.gates import eventually, gated
from tests.serving import connect, until_closed
from tests.uploads import MULTIPART, end, part, picture

CHUNKED = b"POST /v1/classify HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=b\r\n"
CHUNKED += b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n"


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


def test_fields_behind_a_chunked_body_are_not_kept(models: Path) -> None:
    head = b"POST /v1/classify HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
    with gated(models) as service, connect(service.address) as connection:
        connection.sendall(head + b"0\r\n" + b"a: b\r\n" * 1000 + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 4")
        (protocol,) = service.server.server_state.connections
        assert isinstance(protocol, ImpatientProtocol) and len(protocol.headers) == 2


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


@pytest.mark.parametrize(
    ("line", "codings", "status"),
    [
        (b"HTTP/1.1", b"Transfer-Encoding: gzip, chunked\r\n", b"501"),
        (b"HTTP/1.1", b"Transfer-Encoding: gzip\r\ntransfer-encoding: Chunked\r\n", b"501"),
        (b"HTTP/1.1", b"Transfer-Encoding: chunked, chunked\r\n", b"400"),
        (b"HTTP/1.1", b"Transfer-Encoding: chunked, gzip\r\n", b"400"),
        (b"HTTP/1.0", b"Transfer-Encoding: chunked\r\n", b"400"),
        (b"HTTP/1.1", b"Transfer-Encoding: , Chunked\r\n", b"200"),
    ],
)
def test_a_body_in_chunks_and_nothing_else(service: str, line: bytes, codings: bytes, status: bytes) -> None:
    form = part(picture()) + end()
    head = b"POST /v1/classify " + line + b"\r\nhost: a\r\nconnection: close\r\n" + codings
    kind = f"content-type: {MULTIPART['content-type']}\r\n\r\n".encode()
    with connect(service) as connection:
        connection.sendall(head + kind + b"%x\r\n" % len(form) + form + b"\r\n0\r\n\r\n")
        assert until_closed(connection).split()[1] == status


@pytest.mark.parametrize(("line", "status"), [(b"HTTP/1.1", b"100"), (b"HTTP/1.0", b"200")])
def test_only_http_1_1_is_told_to_go_on(service: str, line: bytes, status: bytes) -> None:
    form = part(picture()) + end()
    head = b"POST /v1/classify " + line + b"\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\n"
    kind = f"content-type: {MULTIPART['content-type']}\r\ncontent-length: {len(form)}\r\n\r\n"
    with connect(service) as connection:
        connection.sendall(head + kind.encode() + form)
        assert until_closed(connection).split()[1] == status


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
