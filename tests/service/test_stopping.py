"""How the process stops."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.gates import eventually, gated
from tests.processes import running
from tests.serving import connect, until_closed
from tests.uploads import picture


def test_stopping_is_announced_and_finishes_what_is_in_flight(models: Path) -> None:
    with gated(models, workers=1, drain_seconds=30.0) as service, ThreadPoolExecutor() as pool:
        in_flight = service.hold(pool)
        service.server.handle_exit(signal.SIGTERM, None)
        ready = service.client.get("/health/ready")
        assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
        assert ready.headers["connection"] == "close"
        assert service.client.get("/health").json()["status"] == "stopping"
        assert service.client.get("/health/live").status_code == 200
        late = pool.submit(service.client.post, "/v1/classify", files={"image": picture()})
        eventually(lambda: service.metric("service_requests_inside") == 2)
        service.server.handle_exit(signal.SIGTERM, None)  # asked a second time: no more draining
        service.predictor.gate.set()
        assert (in_flight.result().status_code, late.result().status_code) == (200, 200)


def test_asked_again_it_still_finishes_what_is_in_flight(models: Path) -> None:
    with gated(models, workers=1) as service, ThreadPoolExecutor() as pool:
        in_flight = service.hold(pool)
        service.server.handle_exit(signal.SIGTERM, None)
        eventually(lambda: service.server.should_exit)  # it does not drain any more
        service.server.handle_exit(signal.SIGTERM, None)
        assert not service.server.force_exit
        service.predictor.gate.set()
        assert in_flight.result().status_code == 200


def test_asked_for_the_third_time_it_says_so_and_waits_for_nobody(
    models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with gated(models, workers=1, drain_seconds=30.0) as service, ThreadPoolExecutor() as pool:
        in_flight = service.hold(pool)
        for _ in range(4):
            service.server.handle_exit(signal.SIGTERM, None)
        with pytest.raises(httpx.RemoteProtocolError):
            in_flight.result()
    assert [record.getMessage() for record in caplog.records] == ["stopping without what is in flight"]


def test_a_server_that_has_ended_may_be_told_to_stop(models: Path) -> None:
    with gated(models) as service:
        service.client.get("/health/live")
    assert not service.server.server_state.connections
    service.server.stop_now()
    assert service.server.should_exit


def test_sigterm_under_load_loses_no_request(models: Path) -> None:
    """Clients behave as a load balancer does: they stop when they are told so, and not before."""
    statuses: list[int] = []
    many = threading.Semaphore(0)

    def ask(address: str) -> None:
        with httpx.Client(base_url=address) as client:
            goodbye = False
            while not goodbye:
                response = client.post("/v1/classify", files={"image": picture("JPEG", (600, 400))})
                statuses.append(response.status_code)
                goodbye = response.headers.get("connection") == "close"
                many.release()

    with running(models, waiting=50, drain_seconds=5) as (process, address), ThreadPoolExecutor() as pool:
        clients = [pool.submit(ask, address) for _ in range(4)]
        for _ in range(40):
            assert many.acquire(timeout=30)
        process.process.send_signal(signal.SIGTERM)
        for client in clients:
            client.result()
        assert process.stop() == 0
    assert set(statuses) == {200}
    assert [record["message"] for record in process.records()].count("request") == len(statuses)


def test_a_picture_that_never_ends_keeps_nobody_from_stopping(models: Path) -> None:
    hanging = (
        "import threading; from service import command; from service.answering.predictor import Predictor\n"
        "from service.processes import ending\n"
        "Predictor.prepare = lambda *_: threading.Event().wait()\n"
        "ending.end(command.main())"
    )
    with running(models, code=hanging, grace_seconds=1) as (process, address), ThreadPoolExecutor() as pool:
        asked = pool.submit(httpx.post, f"{address}/v1/classify", files={"image": picture()}, timeout=60)
        eventually(lambda: "service_workers_busy 1.0" in httpx.get(f"{address}/metrics").text)
        assert process.stop() == 0
        assert (asked.result().status_code, asked.result().json()["code"]) == (503, "not_ready")


def test_who_has_connected_before_the_port_closes_is_answered(models: Path) -> None:
    with running(models) as (process, address), ExitStack() as stack:
        process.process.send_signal(signal.SIGSTOP)
        waiting = [stack.enter_context(connect(address)) for _ in range(50)]
        for connection in waiting:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
        process.process.send_signal(signal.SIGTERM)
        process.process.send_signal(signal.SIGCONT)
        answers = [until_closed(connection) for connection in waiting]
        assert process.stop() == 0
    assert {answer[:12] for answer in answers} == {b"HTTP/1.1 200"}
