"""Limits of one request against a real server."""

import json
import logging
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.gates import eventually, gated
from tests.serving import connect
from tests.uploads import BOUNDARY, MULTIPART, end, noise, part, picture

TOO_LARGE = "Expected a body of at most 2,000,000 bytes. Received: more."
HEAD = f"POST /v1/classify HTTP/1.1\r\nhost: test\r\ncontent-type: {MULTIPART['content-type']}\r\n"


def read_all(connection: socket.socket) -> tuple[str, bytes]:
    """Status line and body of a response whose connection the server closes."""
    received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    return head.decode().splitlines()[0], body


def test_an_announced_body_is_refused_before_it_is_read(service: str) -> None:
    with connect(service) as connection:
        connection.sendall(f"{HEAD}content-length: 2000001\r\n\r\n".encode())
        status, body = read_all(connection)
    assert status.startswith("HTTP/1.1 413 ")
    problem = json.loads(body)
    assert (problem["code"], problem["detail"]) == ("body_too_large", TOO_LARGE)


@pytest.mark.parametrize(("size", "status"), [("2000001", "413"), ("0", "422")])
def test_zeros_before_an_announced_size_are_nothing(service: str, size: str, status: str) -> None:
    with connect(service) as connection:
        connection.sendall(f"{HEAD}connection: close\r\ncontent-length: {size:0>5000}\r\n\r\n".encode())
        assert read_all(connection)[0].split()[1] == status


def test_a_chunked_body_is_counted(client: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield part(b"")[:-2]
        for _ in range(40):
            yield bytes(100_000)

    response = client.post("/v1/classify", content=chunks(), headers=MULTIPART)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert response.json()["detail"] == TOO_LARGE
    assert response.headers["connection"] == "close"


def test_a_body_within_the_limit(client: httpx.Client) -> None:
    assert client.post("/v1/classify", files={"image": noise(780)}).status_code == 200


def test_a_slow_body(service: str) -> None:
    with connect(service) as connection:
        connection.sendall(f"{HEAD}content-length: 1000\r\n\r\n--{BOUNDARY}".encode())
        status, body = read_all(connection)
    assert status == "HTTP/1.1 408 Request Timeout"
    problem = json.loads(body)
    assert (problem["code"], problem["detail"]) == (
        "request_timeout",
        "Expected the whole body within 1 seconds.",
    )


def test_a_deadline(models: Path) -> None:
    with gated(models, workers=1, deadline_seconds=0.2) as service:
        service.predictor.gate.clear()
        response = service.client.post("/v1/classify", files={"image": picture()})
        assert (response.status_code, response.json()["code"]) == (504, "deadline_exceeded")
        assert response.json()["detail"] == "Expected an answer within 0.2 seconds."
        assert response.headers["retry-after"] == "1"
        assert service.metric('service_rejections_total{code="deadline_exceeded"}') == 1
        service.predictor.gate.set()
        eventually(lambda: service.metric("service_workers_busy") == 0)
        assert service.metric("service_requests_inside") == 0


def test_uploads_together_are_bounded(models: Path) -> None:
    with gated(models, workers=1, max_body_bytes=10_000, max_buffered_bytes=10_000) as service:
        service.predictor.gate.clear()
        with ThreadPoolExecutor() as pool:
            url = f"{service.address}/v1/classify"
            first = pool.submit(service.client.post, url, files={"image": picture() + bytes(6_000)})
            service.predictor.wait_until_asked()
            second = service.client.post(url, files={"image": picture() + bytes(6_000)})
            assert (second.status_code, second.json()["code"]) == (503, "overloaded")
            service.predictor.gate.set()
            assert first.result().status_code == 200
        assert service.client.post(url, files={"image": picture() + bytes(6_000)}).status_code == 200


@pytest.mark.parametrize("position", ["running", "waiting"])
def test_a_client_that_gave_up_frees_its_place(models: Path, position: str) -> None:
    body = part(picture()) + end()
    request = f"{HEAD}content-length: {len(body)}\r\n\r\n".encode() + body
    with gated(models, workers=1, waiting=1) as service:
        service.predictor.gate.clear()
        with connect(service.address) as running:
            running.sendall(request)
            service.predictor.wait_until_asked()
            with connect(service.address) as waiting:
                waiting.sendall(request)
                eventually(lambda: service.metric("service_requests_inside") == 2)
                (running if position == "running" else waiting).close()
                eventually(lambda: service.metric("service_requests_inside") == 1)
            gone = 'service_requests_total{method="POST",route="/v1/classify",status="499"}'
            assert service.metric(gone) >= 1


def test_a_client_that_leaves_in_the_middle_of_its_body(models: Path) -> None:
    with gated(models) as service:
        with connect(service.address) as connection:
            connection.sendall(f"{HEAD}content-length: 1000\r\n\r\n--{BOUNDARY}".encode())
        gone = 'service_requests_total{method="POST",route="/v1/classify",status="499"}'
        eventually(lambda: gone in service.client.get("/metrics").text)


def test_a_request_that_outlives_the_server(models: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.INFO, "service"),
        gated(models, workers=1, grace_seconds=1) as service,
        ThreadPoolExecutor() as pool,
    ):
        asked = service.hold(pool)
        service.server.handle_exit(signal.SIGTERM, None)
        response = asked.result()
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.headers["retry-after"], response.headers["connection"]) == ("1", "close")
    (record,) = [record for record in caplog.records if record.getMessage() == "request"]
    assert (vars(record)["status"], vars(record)["code"]) == (503, "not_ready")
    assert not [record for record in caplog.records if record.exc_info]


def test_a_body_and_a_client_that_outlive_the_server(models: Path) -> None:
    with ExitStack() as later, gated(models, grace_seconds=1) as service:
        connection = later.enter_context(connect(service.address))
        connection.sendall(f"{HEAD}content-length: 1000\r\n\r\n--{BOUNDARY}".encode())
        eventually(lambda: bool(service.server.server_state.tasks))
        service.server.handle_exit(signal.SIGTERM, None)
        status, body = read_all(connection)
    assert (status, json.loads(body)["code"]) == ("HTTP/1.1 503 Service Unavailable", "not_ready")
