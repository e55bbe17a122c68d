"""HTTP/1.1 of one connection: uvicorn's, impatient with slow clients."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.serving.one_write import OneWrite
from service.serving.upgrades import SteadyParser

_HEADERS_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_MARGIN_SECONDS: Final = 2.0
_MOST_PIPELINED: Final = 100
"""Requests that a client may send ahead of its answers. uvicorn keeps as many as come, in memory: 250 KB that
come at once may be 9,000, and took the event loop 0.6 seconds."""
_MOST_FIELDS: Final = 100
"""Fields of a head, and parameters of its query. Whoever looks for one goes through all of them: 20,000 empty
ones in 60 KB took the event loop 0.12 seconds."""


class ImpatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 with a time limit on the head and on the body of a request, and a size limit on the head.

    uvicorn has neither: a client that sends a byte a minute would hold its connection for ever, and so would
    one that asks and asks and never reads an answer. Past `max_connections` the connection idle for longest
    makes room, or, where none is idle, the one that has been sending its request for longest, or one that
    does not read its answer: nobody can lock the others out, probes included, by holding connections.
    """

    max_header_bytes = 64 * 1024
    header_seconds = 10.0
    body_seconds = 15.0
    max_connections = 1024

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parser: SteadyParser = SteadyParser(self)
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._in_headers = self._in_body = False
        self._header_bytes = 0
        self._heads = 0
        self.url = b""
        self._active = self.loop.time()
        """When its last request began, or its last answer ended."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected: it has to say something soon."""
        self._out = OneWrite(transport, self.loop, lambda: self._in_body or self._in_headers)
        super().connection_made(self._out)  # type: ignore[arg-type]
        self._allow(self.header_seconds)
        if len(self.connections) > self.max_connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._allow(None)
        self.resume_writing()
        # After a reset uvicorn would leave this timer, and all that it holds, until it is over.
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        self.lost()

    def lost(self) -> None:
        """The last thing that is called for a connection."""

    def data_received(self, data: bytes) -> None:
        """Parse the next bytes; a head that has grown too large ends the connection with 431."""
        if self._out.lingers:
            return
        head = self._heads
        super().data_received(data)
        self._keep_alive()
        if self._is_too_far_ahead():
            self.transport.abort()
            return
        # Where a head begins in the middle of the data, its share is not known: the next data will tell.
        if self._in_headers and head == self._heads:
            self._header_bytes += len(data)
            if self._header_bytes > self.max_header_bytes:
                self._refuse_head()

    def send_400_response(self, msg: str) -> None:
        """What ends a connection that does not speak HTTP, or whose head is too large."""
        if self._is_too_far_ahead():  # it is aborted, as nobody there reads
            return
        if self._is_head_too_large():
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        if self._is_too_far_ahead():
            raise ValueError("too many requests ahead of their answers")  # to the parser, which stops here
        super().on_message_begin()
        self._in_headers, self._header_bytes = True, 0
        self._heads += 1
        self._active = self.loop.time()
        self._allow(self.header_seconds)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head; those behind a chunked body are dropped, which nothing here would count."""
        if self._in_headers:
            super().on_header(name, value)
            if len(self.headers) > _MOST_FIELDS:
                raise ValueError("too many fields")  # to the parser, which stops here

    def on_headers_complete(self) -> None:
        """The head is complete, the body follows."""
        if self.parser.restarts:
            return
        if self._is_head_too_large() or not self._names_one_host():
            raise ValueError("the head is no head of a request")  # to the parser, which stops here
        self._in_headers, self._in_body = False, True
        # A slow body is answered by `service.http.guard`; this ends what goes on sending after its answer.
        self._allow(self.body_seconds + _MARGIN_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The whole request is there."""
        if self.parser.restarts:
            return
        self._in_body = False
        self._allow(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is on its way: from now on the connection is idle, if nothing else was asked."""
        self._active = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client does not read: its answers pile up here."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.body_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def shutdown(self) -> None:
        """End when what is in flight has ended; who is sending what is refused already keeps nobody."""
        super().shutdown()
        if self._out.lingers:
            self._out.close()

    def timeout_keep_alive_handler(self) -> None:
        """Idle for too long; what it has not read by now it will never read."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _keep_alive(self) -> None:
        """Wait for the next request: uvicorn does not if anything came behind the last answer."""
        idle = self._timer is None and self.cycle is not None and self.cycle.response_complete
        if idle and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _is_too_far_ahead(self) -> bool:
        return len(self.pipeline) > _MOST_PIPELINED

    def _is_head_too_large(self) -> bool:
        fields = self.headers or ()
        if len(fields) > _MOST_FIELDS or self.url.count(b"&") >= _MOST_FIELDS:
            return True
        size = sum(len(name) + len(value) + 4 for name, value in fields)
        return len(self.url) + size > self.max_header_bytes

    def _refuse_head(self) -> None:
        self.transport.write(_HEADERS_TOO_LARGE)
        self.transport.close()

    def _names_one_host(self) -> bool:
        """Two could mean one thing to a proxy and another here (RFC 9112, 3.2); HTTP/1.0 needs none."""
        hosts = sum(name == b"host" for name, _ in self.headers)
        return hosts == 1 or (hosts == 0 and self.parser.get_http_version() != "1.1")

    def _make_room(self) -> None:
        # One that was closed this moment stays among them until the event loop's next turn.
        others = [
            one
            for one in self.connections
            if isinstance(one, ImpatientProtocol) and one is not self and not one._is_gone()
        ]
        leaving = [one for one in others if one._out.lingers]
        done = [one for one in others if one.cycle is None or one.cycle.response_complete]
        idle = [one for one in done if not one.transport.get_write_buffer_size()]
        sending = [one for one in others if one.cycle is not None and one.cycle.more_body]
        longest = min(leaving or idle or sending or done, key=lambda one: one._active, default=self)
        longest.transport.abort()

    def _is_gone(self) -> bool:
        return not self._out.lingers and self.transport.is_closing()

    def _allow(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)
