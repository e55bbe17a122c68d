"""Connections are file descriptors: an ordinary limit is 1,024 of them, which must not be all it takes."""

import resource
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from service.machine import descriptors
from tests.processes import Process, running
from tests.several import ON_LINUX
from tests.uploads import picture

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


def refused(models: Path, limit: int, processes: int) -> str:
    """The one line of a start with so few descriptors."""
    settings = {"models": models, "model": "colours", "processes": processes}
    process = Process(settings, at_most(limit, limit))
    assert process.process.wait(timeout=60) == 2
    process.stop()
    (line,) = process.lines
    return line


@pytest.mark.parametrize("limit", [8, 16, 26])
def test_without_descriptors_to_start_with_it_ends_in_one_line(models: Path, limit: int) -> None:
    assert refused(models, limit, 1) == (
        f"Expected room to open 24 more files. Received: {limit - 3} (Too many open files); "
        "raise the limit (ulimit -n).\n"
    )


@ON_LINUX
@pytest.mark.parametrize("limit", [40, 128])
def test_without_descriptors_for_its_processes_it_ends_in_one_line(models: Path, limit: int) -> None:
    assert refused(models, limit, 64) == (
        "SERVICE_PROCESSES: Expected room to open 152 more files for 64 processes. "
        f"Received: {limit - 3} (Too many open files); raise the limit (ulimit -n), or set fewer.\n"
    )


@pytest.mark.parametrize("processes", [1, pytest.param(8, marks=ON_LINUX)])
def test_the_fewest_descriptors_are_enough(models: Path, processes: int) -> None:
    limit = 3 + 24 + (2 * processes if processes > 1 else 0)
    with running(models, at_most(limit, limit), processes=processes) as (_, address):
        for _ in range(2 * processes):
            assert httpx.post(f"{address}/v1/classify", files={"image": picture()}).status_code == 200
        assert httpx.get(f"{address}/metrics").status_code == 200


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
