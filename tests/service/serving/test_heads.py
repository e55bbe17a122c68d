"""Heads of requests: slow, endless, too large."""

import contextlib

import pytest

from tests.serving import connect, until_closed


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
