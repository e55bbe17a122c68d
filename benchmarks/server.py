"""The real service in a process of its own, and a lean keep-alive client for it."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

START_TIMEOUT_S = 60.0


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
        _wait_until_ready(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


class Client:
    """One client with one connection, as an app server would hold it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def classify(self, photo: bytes, query: str = "region=whole") -> tuple[int, dict[str, Any]]:
        """Post one photo to the service; returns the status and the JSON body."""
        return self.post(f"/v1/classify?{query}", photo)

    def post(self, path: str, photo: bytes) -> tuple[int, dict[str, Any]]:
        """Post one photo in the multipart field `image`; raises ValueError for an answer that is no JSON."""
        body = _multipart("image", photo)
        headers = {"content-type": f"multipart/form-data; boundary={_BOUNDARY}"}
        self._connection.request("POST", path, body, headers)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


_BOUNDARY = "benchmark-boundary"


def _multipart(field: str, photo: bytes) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{field}"; filename="photo.jpg"'
    head = f"--{_BOUNDARY}\r\n{disposition}\r\nContent-Type: image/jpeg\r\n\r\n"
    return head.encode() + photo + f"\r\n--{_BOUNDARY}--\r\n".encode()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.02)
        finally:
            connection.close()
    raise RuntimeError(f"Expected a ready service within {START_TIMEOUT_S:.0f} s. See its messages above.")
