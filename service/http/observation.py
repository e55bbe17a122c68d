"""Sees every request end: counts it, logs one line, and turns what nobody expected into a plain 500."""

import logging
import time
from collections.abc import Sequence
from typing import Final

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import InternalError
from service.http import problems, tracing
from service.http.health import PROBES
from service.metrics import Metrics

CLIENT_GONE: Final = 499
"""Status in logs and metrics of a request whose client gave up; nobody receives it."""
_logger = logging.getLogger(__name__)


class ObservationMiddleware:
    """Metrics and the access log. Probes and scrapes are not counted.

    `routes` are looked through for requests that are refused before the application has found their route.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Sequence[BaseRoute] = ()) -> None:
        self.app = app
        self._metrics = metrics
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        start = time.perf_counter()
        status = CLIENT_GONE

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if "endpoint" not in scope:
                    tracing.name_span(scope["method"], self._known(scope))
            await send(message)

        try:
            await self.app(scope, receive, send_watched)
        except Exception:
            _logger.exception("unexpected error", extra={"request_id": scope["state"]["request_id"]})
            if status == CLIENT_GONE:
                await problems.respond(InternalError(), scope)(scope, receive, send_watched)
        finally:
            self._record(scope, status, time.perf_counter() - start)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = self._template(scope)
        if route.startswith(PROBES):
            return
        state = scope["state"]
        code = state.get("code", "")
        self._metrics.requested(scope["method"], route, status, seconds, code)
        facts = {
            "method": scope["method"],
            "route": route,
            "status": status,
            "code": code,
            "milliseconds": round(seconds * 1000, 3),
            "request_id": state["request_id"],
            "trace_id": state["trace_id"],
        }
        _logger.info("request", extra={name: value for name, value in facts.items() if value != ""})

    def _template(self, scope: Scope) -> str:
        """The path template of the matched route, never the path that the client chose."""
        if "endpoint" not in scope:
            return self._known(scope) or "unmatched"
        return str(getattr(scope.get("route"), "path", "other"))  # FastAPI's own pages have no template

    def _known(self, scope: Scope) -> str | None:
        """The template for a request that the application has found no route for, or not yet."""
        route = next((one for one in self._routes if one.matches(scope)[0] is not Match.NONE), None)
        return getattr(route, "path", None)
