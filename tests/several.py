"""The service in several processes: who they are, and what they say."""

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.processes import Process


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
