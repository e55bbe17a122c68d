"""The real service in a process of its own, and a lean keep-alive client for it."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

import httptools

PACKAGES: Final = ("onnxruntime", "fastapi", "uvicorn")
"""Whose versions decide how fast the service is."""
START_TIMEOUT_S = 60.0
POLL_SECONDS = 0.005


@contextmanager
def running(**settings: str) -> Iterator[int]:
    """Start `python -m service` with `SERVICE_*` settings (lower-case names); yields its port.

    Raises RuntimeError where it does not become ready.
    """
    port = free_port()
    given = {f"SERVICE_{name.upper()}": value for name, value in settings.items()}
    environment = os.environ | given | {"SERVICE_HOST": "127.0.0.1", "SERVICE_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "service"], env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


class Client:
    """One client with one connection, as an app server would hold it.

    It shares the CPUs with the server that it measures, so it does as little as it can: a prepared request in
    one write, and llhttp for the answer. `http.client` costs five times as much.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def classify(self, photo: bytes, query: str = "region=whole") -> tuple[int, dict[str, Any]]:
        """Post one photo to the service; returns the status and the JSON body."""
        return self.post(f"/v1/classify?{query}", photo)

    def post(self, path: str, *photos: bytes, field: str = "image") -> tuple[int, dict[str, Any]]:
        """Post photos in a multipart field, the same for each.

        Raises OSError where the connection fails, ValueError for an answer that is no JSON over HTTP.
        """
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(_request(path, photos, field))
        answer = _Answer()
        while not answer.complete:
            data = self._socket.recv(1 << 16)
            if not data:
                raise ConnectionError("The server closed the connection before its answer was complete.")
            answer.feed(data)
        if not answer.keeps_alive:
            self.close()
        return answer.status, json.loads(answer.body)

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _Answer:
    """One HTTP response, put together from what arrives."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.body = bytearray()
        self.status = 0
        self.complete = False
        self.keeps_alive = True

    def feed(self, data: bytes) -> None:
        """Take the next bytes; raises ValueError where they are no HTTP."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            raise ValueError(f"Expected an answer in HTTP/1.1. Received: {error}") from error

    def on_body(self, body: bytes) -> None:
        """Called by the parser with a part of the body."""
        self.body += body

    def on_message_complete(self) -> None:
        """Called by the parser at the end."""
        self.status = self._parser.get_status_code()
        self.keeps_alive = self._parser.should_keep_alive()
        self.complete = True


_BOUNDARY = "benchmark-boundary"


@lru_cache(maxsize=64)
def _request(path: str, photos: tuple[bytes, ...], field: str) -> bytes:
    body = _multipart(photos, field)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _multipart(photos: Iterable[bytes], field: str) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{field}"; filename="photo.jpg"'
    head = f"--{_BOUNDARY}\r\n{disposition}\r\nContent-Type: image/jpeg\r\n\r\n".encode()
    return b"".join(head + photo + b"\r\n" for photo in photos) + f"--{_BOUNDARY}--\r\n".encode()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(
    process: "subprocess.Popen[bytes]",
    port: int,
    complaint: Callable[[], str] = lambda: "See its messages above.",
) -> None:
    """Ask the service of that process until it is ready.

    Raises RuntimeError where it ends or takes too long, with what `complaint` says then.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(POLL_SECONDS)
        finally:
            connection.close()
    raise RuntimeError(f"Expected a ready service within {START_TIMEOUT_S:.0f} s. {complaint()}")
