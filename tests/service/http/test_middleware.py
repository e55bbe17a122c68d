import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.answering.predictor import Asked, Predictor
from service.answering.prepared import Prepared
from service.http.middleware import RequestIdMiddleware
from tests.gates import gated
from tests.processes import running
from tests.uploads import picture

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_request_id_is_kept(client: httpx.Client) -> None:
    response = client.get("/v1/models", headers={"X-Request-ID": "order-66_a.b"})
    assert response.headers["x-request-id"] == "order-66_a.b"


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, "<script>", "ä".encode()])
def test_another_request_id_is_made(client: httpx.Client, given: str | bytes) -> None:
    response = client.get(
        "/v1/models", headers=[(b"X-Request-ID", given.encode() if isinstance(given, str) else given)]
    )
    assert len(response.headers["x-request-id"]) == 32


def test_cookies_are_forgotten() -> None:
    seen: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(name for name, _ in scope["headers"])
        await Response()(scope, receive, send)

    async def ask() -> None:
        transport = httpx.ASGITransport(RequestIdMiddleware(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            await client.get("/", headers=[("Cookie", "a=b"), ("Accept", "*/*"), ("Cookie", "c=d")])

    asyncio.run(ask())
    assert b"accept" in seen and b"cookie" not in seen


@pytest.mark.parametrize(
    ("traceparent", "kept"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", True),
        (f"cc-{TRACE}-00f067aa0ba902b7-01-what-the-future-will-be-like", True),
        (f"00-{TRACE}-00f067aa0ba902b7-01-what-was-never-allowed", False),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", False),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        ("nonsense", False),
    ],
)
def test_the_trace_is_the_request_id_where_there_is_no_other(
    client: httpx.Client, traceparent: str, kept: bool
) -> None:
    response = client.get("/v1/models", headers={"traceparent": traceparent})
    assert (response.headers["x-request-id"] == TRACE) == kept


def test_logs_have_the_request_and_the_trace(models: Path) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "X-Request-ID": "order-66"}
    with running(models) as (process, address):
        httpx.get(f"{address}/v1/models/nobody", headers=headers)
        record = process.wait_for("request")
    assert record.pop("milliseconds") > 0
    assert {name: record[name] for name in record if name not in {"time", "level", "logger", "message"}} == {
        "method": "GET",
        "route": "/v1/models/{name}",
        "status": 404,
        "code": "unknown_model",
        "request_id": "order-66",
        "trace_id": TRACE,
    }


def test_security_headers(client: httpx.Client) -> None:
    headers = client.get("/v1/models").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_pages_of_other_origins_are_refused_by_default(client: httpx.Client) -> None:
    response = client.get("/v1/models", headers={"Origin": "https://example.org"})
    assert "access-control-allow-origin" not in response.headers


def test_origins_that_are_allowed(models: Path) -> None:
    origins = "https://example.org, https://example.com"
    with gated(models, cors_origins=origins, api_keys="k" * 16) as service:
        preflight = service.client.options(
            "/v1/classify",
            headers={
                "Origin": "https://example.com",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "traceparent,tracestate,x-api-key",
            },
        )
        refused = service.client.get("/v1/models", headers={"Origin": "https://example.net"})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://example.com"
    assert "access-control-allow-origin" not in refused.headers
    assert refused.status_code == 401


def test_a_page_of_an_allowed_origin_can_read_every_problem(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(self: Predictor, asked: Asked) -> Prepared:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Predictor, "prepare", explode)
    with gated(models, cors_origins="https://example.org", max_body_bytes=10_000) as service:
        headers = {"Origin": "https://example.org"}
        for photo, status in ((picture(), 500), (bytes(20_000), 413)):
            response = service.client.post("/v1/classify", files={"image": photo}, headers=headers)
            assert response.status_code == status
            assert response.headers["access-control-allow-origin"] == "https://example.org"
            assert "X-Request-ID" in response.headers["access-control-expose-headers"]
            assert response.json()["request_id"] == response.headers["x-request-id"]


def test_what_browsers_ask_before_a_request_is_no_request(models: Path) -> None:
    with gated(models, cors_origins="https://example.org") as service:
        answers = [
            service.client.options(
                "/v1/classify", headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
            )
            for origin in ("https://example.org", "https://example.net")
        ]
        counted = service.client.get("/metrics").text
    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].headers["content-type"] == "text/plain; charset=utf-8"
    assert "access-control-allow-origin" not in answers[1].headers
    assert answers[1].headers["x-request-id"]
    assert "OPTIONS" not in counted


def test_docs_can_be_turned_off(models: Path) -> None:
    with gated(models, docs=False) as service:
        assert [service.client.get(path).status_code for path in ("/docs", "/openapi.json")] == [404] * 2
