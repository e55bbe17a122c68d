"""How several processes stop."""

import os
import signal
import socket
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from service.app import create_app
from service.lifecycle.loading import load_predictor
from service.processes import receiver
from service.processes.shares import Share
from service.serving import server
from service.settings import Settings
from tests.gates import eventually
from tests.processes import running
from tests.serving import connect
from tests.several import ON_LINUX, children, is_gone, patched
from tests.uploads import picture

pytestmark = ON_LINUX


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_whoever_is_told_to_stop_finishes_its_requests(models: Path, sig: signal.Signals) -> None:
    head = b"POST /v1/classify HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    body = (
        b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        + picture()
        + b"\r\n--b--\r\n"
    )
    with running(models, before=os.setsid, processes=2) as (process, address):
        with connect(address) as connection:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:-10])
            pids = children(process)
            os.killpg(process.process.pid, sig)  # as a terminal does with Ctrl-C
            process.wait_for("stopping")
            connection.sendall(body[-10:])
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert process.stop() == 0
        assert all(is_gone(pid) for pid in pids)


def test_a_group_that_is_stopped_drains_first(models: Path) -> None:
    """systemd and others send SIGTERM to all processes of a service, which is no reason to hurry."""
    with running(models, before=os.setsid, processes=2, drain_seconds=30) as (process, address):
        begin = time.monotonic()
        os.killpg(process.process.pid, signal.SIGTERM)
        process.wait_for("stopping")
        while time.monotonic() < begin + 1.5:
            answer = httpx.get(f"{address}/v1/models")
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert process.stop() == 0


def test_asked_again_it_does_not_drain(models: Path) -> None:
    with running(models, processes=2, drain_seconds=300) as (process, address):
        assert httpx.get(f"{address}/v1/models").status_code == 200
        process.process.send_signal(signal.SIGTERM)
        process.wait_for("stopping")
        assert process.stop() == 0


def test_asked_three_times_it_waits_for_nobody(models: Path) -> None:
    with running(models, processes=2, drain_seconds=300) as (process, _):
        hanging = children(process)[0]
        os.kill(hanging, signal.SIGSTOP)
        for _ in range(3):
            process.process.send_signal(signal.SIGTERM)
            time.sleep(0.05)  # signals that come at once may be one
        assert process.process.wait(timeout=60) == 0
        assert is_gone(hanging)


def test_asked_twice_it_does_not_drain_for_one_that_hangs(models: Path) -> None:
    code = patched("supervisor.MARGIN_SECONDS = 0.1")
    with running(models, None, code, processes=2, drain_seconds=300, grace_seconds=1) as (process, _):
        os.kill(children(process)[0], signal.SIGSTOP)
        for _ in range(2):
            process.process.send_signal(signal.SIGTERM)
            time.sleep(0.05)
        assert process.process.wait(timeout=60) == 0


def test_a_process_with_a_full_channel_is_told_to_stop_all_the_same(models: Path) -> None:
    with running(models, processes=2, drain_seconds=0) as (process, address), ExitStack() as stack:
        parts, pids = urlsplit(address), children(process)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)  # both are busy for a moment, while many connect
        for _ in range(700):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex((parts.hostname, parts.port))
        time.sleep(1.5)
        process.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        assert process.process.wait(timeout=60) == 0
        assert process.stop() == 0
        assert sum(record["message"] == "stopping" for record in process.records()) == 2


def test_a_connection_that_is_handed_over_at_the_last_moment_holds_nothing_up(models: Path) -> None:
    settings = Settings(models=models, model="colours", threads=1, processes=1)
    supervisor, channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with supervisor, channel, socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=30)
        connection, _ = listener.accept()

        class Server(receiver.HandedServer):
            async def main_loop(self) -> None:
                # The event loop has no turn between this and the end.
                socket.send_fds(supervisor, [receiver.CONNECTION], [connection.fileno()])

        share = Share()
        app = create_app(settings, load_predictor(settings), share)
        running = server.build(app, settings, partial(Server, channel=channel, share=share))
        with client, connection:
            begin = time.monotonic()
            running.run([])
            assert time.monotonic() - begin < settings.header_seconds / 2
            connection.close()
            assert client.recv(1) == b""


def test_nobody_stays_behind_where_the_supervisor_is_killed(models: Path) -> None:
    with running(models, processes=2) as (process, address):
        pids = children(process)
        assert httpx.get(f"{address}/health/live").status_code == 200
        os.kill(process.process.pid, signal.SIGKILL)
        eventually(lambda: all(is_gone(pid) for pid in pids))
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/health/live")
