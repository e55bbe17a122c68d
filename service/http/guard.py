"""Limits of one request: the size of its body, the time it takes, and a client that gives up."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import BodyTooLarge, DeadlineExceeded, NotReady, Overloaded, RequestTimeout, ServiceError
from service.http import problems
from service.processes.shared_counters import Counter

_DIGITS: Final = 20
"""Of the largest number of 64 bits."""


@dataclass(frozen=True)
class Limits:
    """Bounds of a request."""

    body_bytes: int
    """Largest body."""
    buffered_bytes: int
    """Bodies of all requests together: what uploads may cost in memory at once."""
    body_seconds: float
    """Time for a body to arrive."""
    deadline_seconds: float
    """Time from the head of a request to its answer."""


class GuardMiddleware:
    """Holds every request to the limits; each breach is a problem of its own.

    An announced body is refused before a byte of it is read; one sent in chunks is counted as it arrives.
    Once the body is there, a client that closes the connection cancels its request and so frees its place.
    """

    def __init__(self, app: ASGIApp, limits: Limits, buffered: Counter | None = None) -> None:
        self.app = app
        self.limits = limits
        self.buffered = buffered or Counter.alone()
        """Bytes of all bodies that are held now."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        announced = Headers(scope=scope).get("content-length", "")
        # The server takes no number over 64 bits; before it may be thousands of zeros, too many for Python.
        if announced.isdecimal() and int(announced[-_DIGITS:]) > self.limits.body_bytes:
            return await problems.respond(self.too_large(), scope)(scope, receive, send)
        await _Exchange(self, scope, receive, send).run()

    def too_large(self) -> BodyTooLarge:
        """The error for a body over the limit, announced or not."""
        return BodyTooLarge(f"Expected a body of at most {self.limits.body_bytes:,} bytes. Received: more.")


class _Exchange:
    """One request under guard."""

    def __init__(self, guard: GuardMiddleware, scope: Scope, receive: Receive, send: Send) -> None:
        self._guard = guard
        self._scope = scope
        self._receive = receive
        self._send = send
        self._start = asyncio.get_running_loop().time()
        self._received = 0
        self._answering = False
        self._gone = asyncio.Event()
        self._task = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Run the application; returns without an answer where the client is gone."""
        limits = self._guard.limits
        try:
            async with asyncio.timeout_at(self._start + limits.deadline_seconds) as deadline:
                await self._guard.app(self._scope, self.receive, self.send)
        except TimeoutError:
            if not deadline.expired():
                raise
            if not self._answering:  # otherwise the client has stopped reading: no answer would arrive
                await self._respond(
                    DeadlineExceeded(f"Expected an answer within {limits.deadline_seconds:g} seconds.")
                )
        except ClientDisconnect:
            return  # nobody is left to answer
        except asyncio.CancelledError:
            assert self._task is not None
            if not self._gone.is_set():
                # The server stops, and this request has had its time.
                if self._answering or not self._task.cancelling():
                    raise
                await self._respond(NotReady("The service is stopping. Try again in a moment."))
            # Nothing is left to cancel: the task ends with this request.
            self._task.uncancel()
        finally:
            self._guard.buffered.own -= self._received
            if self._watcher is not None:
                self._watcher.cancel()

    async def receive(self) -> Message:
        """The application's `receive`: counts and times the body, then waits for the client to go."""
        if self._watcher is not None:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        seconds = self._guard.limits.body_seconds
        try:
            async with asyncio.timeout_at(self._start + seconds):
                message = await self._receive()
        except TimeoutError:
            raise RequestTimeout(f"Expected the whole body within {seconds:g} seconds.") from None
        if message["type"] == "http.request":
            self._count(len(message.get("body", b"")))
            if not message.get("more_body", False):
                self._watcher = asyncio.create_task(self._watch())
        return message

    async def send(self, message: Message) -> None:
        """The application's `send`."""
        self._answering = True
        await self._send(message)

    def _count(self, size: int) -> None:
        self._received += size
        self._guard.buffered.own += size
        if self._received > self._guard.limits.body_bytes:
            raise self._guard.too_large()
        if self._guard.buffered.total > self._guard.limits.buffered_bytes:
            raise Overloaded("Too many uploads at the same time. Try again in a moment.")

    async def _watch(self) -> None:
        """After the body, all that a server has left to say is that the client is gone."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        # An answer that is on its way is finished: it may be the server that says goodbye.
        if not self._answering:
            self._gone.set()
            assert self._task is not None
            self._task.cancel()

    async def _respond(self, error: ServiceError) -> None:
        with suppress(ClientDisconnect):
            await problems.respond(error, self._scope)(self._scope, self._receive, self.send)
