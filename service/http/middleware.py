"""What every request and every answer passes: ids and headers."""

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Final

from opentelemetry import trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
# https://www.w3.org/TR/trace-context/#traceparent-header: ids of zeros only and the version ff are invalid,
# and only later versions than 00 may have more behind their flags.
_TRACEPARENT: Final = re.compile(
    r"(?!ff|00.{53}.)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)
_SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


class RequestIdMiddleware:
    """Gives every request an id, and forgets the client's address: nothing behind this line can log it.

    So it does with cookies. The service has none, and FastAPI would read those of others for every request.

    The id is the client's `X-Request-ID` where it is well formed, else the trace's, else a random one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        trace_id = _trace_id(headers.get("traceparent", ""))
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else trace_id or uuid.uuid4().hex
        scope.setdefault("state", {}).update(request_id=request_id, trace_id=trace_id)
        scope["client"] = None
        scope["headers"] = [field for field in scope["headers"] if field[0] != b"cookie"]

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        await self.app(scope, receive, send_with_id)


class HeadersMiddleware:
    """Security headers, no caching of answers about people, and `Connection: close` while the service stops.

    A response's own headers win: a page brings its own policy.
    """

    def __init__(self, app: ASGIApp, stopping: Callable[[], bool]) -> None:
        self.app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in _defaults(scope["path"]) if header[0] not in own),
                ]
                if self._stopping():
                    MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _defaults(path: str) -> Iterator[tuple[bytes, bytes]]:
    """Headers of every answer that does not bring its own; names in lower case."""
    yield from _SECURITY
    if path.startswith("/v1/"):
        yield b"cache-control", b"no-store"


def _trace_id(traceparent: str) -> str:
    """The trace's id: our own span's where traces are on, else the client's, else empty."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        return trace.format_trace_id(span.trace_id)
    match = _TRACEPARENT.fullmatch(traceparent)
    return match[1] if match else ""
