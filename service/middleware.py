"""What every request passes: an id, and a limit on its body."""

import re
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import problems
from service.errors import BodyTooLarge

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestIdMiddleware:
    """Gives every request an id: the client's `X-Request-ID` where it is well formed, else a random one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        await self.app(scope, receive, send_with_id)


class BodyLimitMiddleware:
    """Starlette's body limit, with a problem body for clients that announce too much.

    A body sent in chunks is counted as it arrives and ends in the HTTPException handler.
    """

    def __init__(self, app: ASGIApp, max_body_size: int) -> None:
        self.limited = RequestBodyLimitMiddleware(app, max_body_size)
        self.max_body_size = max_body_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        announced = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if announced.isdecimal() and int(announced) > self.max_body_size:
            error = BodyTooLarge(
                f"Expected at most {self.max_body_size:,} bytes. Received: {int(announced):,}."
            )
            body = problems.problem(error, scope["state"]["request_id"])
            return await problems.response(body, {"connection": "close"})(scope, receive, send)
        await self.limited(scope, receive, send)
