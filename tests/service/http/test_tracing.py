import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service.app import create_app
from service.errors import CannotTrace
from service.settings import Settings
from tests.processes import PATIENCE_SECONDS, Process, running
from tests.uploads import picture

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@contextmanager
def collecting(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ExportTraceServiceRequest]]:
    """What is sent to a collector meanwhile, which services that start in the block know."""
    received: list[ExportTraceServiceRequest] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return None

    collector = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=collector.serve_forever)
    thread.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    try:
        yield received
    finally:
        collector.shutdown()
        thread.join()
        collector.server_close()


def spans_of(received: list[ExportTraceServiceRequest]) -> list[Span]:
    return [
        span
        for batch in received
        for resource in batch.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def test_spans_join_the_callers_trace_and_say_nothing_of_the_upload(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting(monkeypatch) as received, running(models, tracing=True) as (process, address):
        headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        httpx.post(f"{address}/v1/classify", files={"image": ("me.png", picture())}, headers=headers)
        httpx.get(f"{address}/health/ready")
    spans = spans_of(received)
    assert "POST /v1/classify" in {span.name for span in spans}
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    told = str(received)
    assert "client.address" not in told and "user_agent" not in told and "me.png" not in told
    assert 'string_value: "image-classifier"' in told
    assert next(r for r in process.records() if r["message"] == "request")["trace_id"] == TRACE


def test_the_standard_variable_says_how_traces_are_handed_on(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_PROPAGATORS", "tracecontext,baggage")
    with collecting(monkeypatch) as received, running(models, tracing=True) as (_, address):
        headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        httpx.get(f"{address}/v1/models", headers=headers)
    assert {span.trace_id.hex() for span in spans_of(received)} == {TRACE}


def test_a_way_to_hand_on_traces_that_is_not_there_stops_the_start_with_one_line(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_PROPAGATORS", "pigeon")
    process = Process({"models": models, "model": "colours", "tracing": True})
    assert process.process.wait(timeout=60) == 2
    process.stop()
    (line,) = process.lines
    assert line.startswith("OTEL_PROPAGATORS: Propagator pigeon not found.")


def test_a_request_that_is_refused_before_its_route_is_found_has_one(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        collecting(monkeypatch) as received,
        running(models, tracing=True, max_body_bytes=2000) as (_, address),
    ):
        for path in "/v1/classify", "/v1/nothing":
            assert httpx.post(f"{address}{path}", content=bytes(2001)).status_code == 413
    classify, nothing = spans_of(received)
    assert (classify.name, nothing.name) == ("POST /v1/classify", "POST")
    routes = [
        [one.value.string_value for one in span.attributes if one.key == "http.route"]
        for span in (classify, nothing)
    ]
    assert routes == [["/v1/classify"], []]


def test_a_silent_collector_does_not_hold_up_the_end(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with running(models, tracing=True) as (process, address):
            assert httpx.get(f"{address}/v1/models").status_code == 200
            begin = time.monotonic()
            assert process.stop() == 0
            assert time.monotonic() - begin < 6  # of ten that the exporter would wait


def test_without_the_packages_the_start_says_so() -> None:
    code = (
        "import sys; sys.modules['opentelemetry.sdk'] = None\n"
        "from service.errors import CannotTrace\nfrom service.http.tracing import telemetry\n"
        "try: telemetry(True)\n"
        "except CannotTrace as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("SERVICE_TRACING: expected the packages of requirements/tracing.txt.")


def test_variables_that_do_not_fit_stop_the_start_with_one_line(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "256")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512")
    with pytest.raises(CannotTrace, match=r"^SERVICE_TRACING: .+ Received: max_export_batch_size must be "):
        create_app(Settings(models=models, model="colours", tracing=True))


@pytest.mark.parametrize("several", [1, 2])
def test_a_limit_that_is_none_stops_the_start_with_one_line(
    models: Path, monkeypatch: pytest.MonkeyPatch, several: int
) -> None:
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-1")
    process = Process({"models": models, "model": "colours", "tracing": True, "processes": several})
    assert process.process.wait(PATIENCE_SECONDS) == 2
    process.stop()
    (line,) = process.lines
    assert line.startswith("SERVICE_TRACING: ") and "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT must be" in line
