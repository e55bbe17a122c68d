"""Clients that would rather speak another protocol, such as Java's own, which asks for HTTP/2 each time."""

import re
import socket
from collections.abc import Iterable

import pytest

from tests.serving import connect
from tests.uploads import MULTIPART, end, part, picture

WISH = b"connection: Upgrade, HTTP2-Settings\r\nhttp2-settings: AAEAAEAAAAIAAAABAAMAAABk\r\nUpgrade: h2c\r\n"
TYPE = f"content-type: {MULTIPART['content-type']}\r\n".encode()
BODY = part(picture()) + end()
POST = b"POST /v1/classify?region=whole HTTP/1.1\r\nhost: a\r\n" + WISH + TYPE
PLAIN = b"GET /health/live HTTP/1.1\r\nhost: a\r\n"
LENGTH = b"content-length: %d\r\n\r\n" % len(BODY)
PHOTO = POST + LENGTH + BODY
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n7\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (
    BODY[:7],
    len(BODY) - 7,
    BODY[7:],
)
LAST = PLAIN + b"connection: close\r\n\r\n"


def answers(address: str, pieces: Iterable[bytes]) -> list[bytes]:
    """The status of each answer, and the label or the life in it; the last request has to say goodbye."""
    with connect(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    return re.findall(rb'HTTP/1\.1 (?:\d+)|"label":"\w+"|"live"', received)


RED, LIVE = [b"HTTP/1.1 200", b'"label":"red"'], [b"HTTP/1.1 200", b'"live"']


@pytest.mark.parametrize("photo", [PHOTO, CHUNKED], ids=["length", "chunks"])
@pytest.mark.parametrize("size", [1, 50, 100_000])
def test_a_photo(service: str, photo: bytes, size: int) -> None:
    sent = photo + LAST
    pieces = [sent[start : start + size] for start in range(0, len(sent), size)]
    assert answers(service, pieces) == RED + LIVE


def test_a_body_behind_its_head(service: str) -> None:
    assert answers(service, [POST + LENGTH, BODY, PLAIN + WISH + b"\r\n", LAST]) == RED + LIVE + LIVE


def test_requests_in_one_go(service: str) -> None:
    bare = PLAIN + WISH + b"\r\n"
    assert answers(service, [bare + PHOTO + bare + CHUNKED + bare + LAST]) == (LIVE + RED) * 2 + LIVE + LIVE


def test_requests_without_a_body_in_great_numbers(service: str) -> None:
    assert answers(service, [(PLAIN + WISH + b"\r\n") * 90 + LAST]) == LIVE * 91


def test_a_last_request(service: str) -> None:
    goodbye = PHOTO.replace(b"connection: Upgrade", b"connection: close, Upgrade")
    assert answers(service, [goodbye]) == RED
    assert answers(service, [PHOTO.replace(b"HTTP/1.1", b"HTTP/1.0")]) == RED


def test_a_body_whose_end_nobody_knows(service: str) -> None:
    endless = POST + b"transfer-encoding: gzip\r\n\r\n" + BODY
    assert answers(service, [endless]) == [b"HTTP/1.1 400"]


def test_a_tunnel(service: str) -> None:
    tunnel = b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n"
    assert answers(service, [tunnel]) == [b"HTTP/1.1 400"]
