"""The service in several processes: who they are, and what they say."""

import http.client
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.processes import Process

ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are forked on Linux")


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


def patched(changes: str) -> str:
    """Code for the service with other constants: a test need not wait for what takes minutes."""
    modules = "import sys; from service import command; from service.processes import supervisor"
    return f"{modules}; {changes}; sys.exit(command.main())"
