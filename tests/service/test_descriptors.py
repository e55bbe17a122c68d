"""Connections are file descriptors: an ordinary limit is 1,024 of them, which must not be all it takes."""

import resource
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from service import descriptors
from tests.processes import Process, running

SCARCE = "fewer connections than set, for want of file descriptors"


def at_most(soft: int, hard: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def idle(stack: ExitStack, address: str, count: int) -> list[socket.socket]:
    place = (urlsplit(address).hostname, urlsplit(address).port)
    return [stack.enter_context(socket.create_connection(place, timeout=30)) for _ in range(count)]


def warnings(process: Process) -> list[dict[str, object]]:
    return [record for record in process.records() if record["message"] == SCARCE]


def test_idle_connections_lock_nobody_out_where_descriptors_are_scarce(models: Path) -> None:
    with running(models, at_most(100, 100)) as (process, address), ExitStack() as stack:
        idle(stack, address, 150)
        for _ in range(3):
            assert httpx.get(f"{address}/health/live", timeout=5).status_code == 200
    (warning,) = warnings(process)
    assert (warning["level"], warning["wanted"], warning["connections"]) == ("warning", 1024, 36)


def test_the_soft_limit_is_raised(models: Path) -> None:
    with running(models, at_most(100, 300), max_connections=200) as (process, address), ExitStack() as stack:
        held = idle(stack, address, 180)
        assert httpx.get(f"{address}/health/live", timeout=5).status_code == 200
        held[0].sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
        assert held[0].recv(100).startswith(b"HTTP/1.1 200")
    assert not warnings(process)


@pytest.mark.parametrize(
    ("soft", "hard", "allowed"), [(64, 64, 1), (100, resource.RLIM_INFINITY, 36), (2000, 2000, 1024)]
)
def test_what_there_are_descriptors_for(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, allowed: int
) -> None:
    def refuse(which: int, limits: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert descriptors.allow_connections(1024) == allowed
