"""HTTP/1.1 of one connection: uvicorn's, impatient with slow clients."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.serving.one_write import OneWrite
from service.serving.upgrades import SteadyParser

_END: Final = b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_HEADERS_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large" + _END
_URL_TOO_LONG: Final = b"HTTP/1.1 414 URI Too Long" + _END
_UNKNOWN_CODING: Final = b"HTTP/1.1 501 Not Implemented" + _END
_MARGIN_SECONDS: Final = 2.0
_MOST_PIPELINED: Final = 100
"""Requests that a client may send ahead of its answers. uvicorn keeps as many as come, in memory: 250 KB that
come at once may be 9,000, and took the event loop 0.6 seconds."""
_MOST_FIELDS: Final = 100
"""Fields of a head, and parameters of its query. Whoever looks for one goes through all of them: 20,000 empty
ones in 60 KB took the event loop 0.12 seconds."""
_LONGEST_LINE: Final = 8 * 1024
"""Bytes of a field, name and value together, and of what is asked for. Whoever reads one goes from letter to
letter at worst: 20,000 times `%41` in 60 KB took the event loop 0.02 seconds, for each of many clients."""
_MOST_PIECES: Final = 1000
"""Chunks of a body in what arrives at once, besides one for each `_PIECE_BYTES` of it: 40,000 of one byte in
250 KB took the event loop 0.03 seconds."""
_PIECE_BYTES: Final = 64


class ImpatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 with a time limit on the head and on the body of a request, and size limits on the head.

    uvicorn has neither: a client that sends a byte a minute would hold its connection for ever, and so would
    one that asks and asks and never reads an answer. Past `max_connections` the connection idle for longest
    makes room, or, where none is idle, the one that has been sending its request for longest, or one that
    does not read its answer: nobody can lock the others out, probes included, by holding connections.
    """

    max_header_bytes = 64 * 1024
    header_seconds = 10.0
    body_seconds = 15.0
    max_connections = 1024
    by_activity: "OrderedDict[ImpatientProtocol, None]" = OrderedDict()
    """The connections of a server. First comes the one whose last request began, or whose last answer ended,
    longest ago: to look at all of a thousand for each that connects took the event loop 7 ms each time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parser: SteadyParser = SteadyParser(self)
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._in_headers = self._in_body = False
        self._header_bytes = 0
        """Of the head that is arriving, or since the last piece of a body: what may be fields behind it."""
        self._heads = self._pieces = 0
        """Heads and pieces of bodies that have begun."""
        self._most_pieces = 0
        """As many pieces may have begun with the end of this data."""
        self.url = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected: it has to say something soon."""
        self._out = OneWrite(transport, self.loop, lambda: self._in_body or self._in_headers)
        super().connection_made(self._out)  # type: ignore[arg-type]
        self.by_activity[self] = None
        self._allow(self.header_seconds)
        if len(self.connections) > self.max_connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self.by_activity.pop(self, None)
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
        begun = self._heads, self._pieces
        self._most_pieces = self._pieces + _MOST_PIECES + len(data) // _PIECE_BYTES
        super().data_received(data)
        self._keep_alive()
        if self._is_too_far_ahead():
            self.transport.abort()
            return
        # Where one begins in the middle of the data, its share is not known: the next data will tell.
        goes_on = begun == (self._heads, self._pieces) and not self._out.lingers
        if goes_on and (self._in_headers or self._in_body):
            self._header_bytes += len(data)
            if self._header_bytes > self.max_header_bytes:
                self._refuse(_HEADERS_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:
        """What ends a connection that does not speak HTTP, or whose head is too large."""
        if self._is_too_far_ahead():  # it is aborted, as nobody there reads
            return
        if len(self.url) > _LONGEST_LINE:
            self._refuse(_URL_TOO_LONG)
        elif self._is_head_too_large():
            self._refuse(_HEADERS_TOO_LARGE)
        elif self._is_coding_unknown():
            self._refuse(_UNKNOWN_CODING)
        else:
            self._give_up()
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        if self._is_too_far_ahead():
            raise ValueError("too many requests ahead of their answers")  # to the parser, which stops here
        super().on_message_begin()
        self._in_headers, self._header_bytes = True, 0
        self._heads += 1
        self._touch()
        self._allow(self.header_seconds)

    def on_url(self, url: bytes) -> None:
        """What is asked for, or its next part."""
        super().on_url(url)
        if len(self.url) > _LONGEST_LINE:
            raise ValueError("too long a line")  # to the parser, which stops here

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head; those behind a chunked body are dropped, which nobody here would read."""
        if self._in_headers:
            super().on_header(name, value)
            if len(self.headers) > _MOST_FIELDS or len(name) + len(value) > _LONGEST_LINE:
                raise ValueError("too many fields, or too long a one")  # to the parser, which stops here

    def on_headers_complete(self) -> None:
        """The head is complete, the body follows."""
        if self.parser.restarts:
            return
        if self._is_head_too_large() or not self._names_one_host() or not self._is_framed():
            raise ValueError("the head is no head of a request")  # to the parser, which stops here
        # HTTP/1.0 knows no answer before the answer (RFC 9110, 15.2).
        self.expect_100_continue = self.expect_100_continue and self.parser.get_http_version() != "1.0"
        super().on_headers_complete()
        self._in_headers, self._in_body = False, True
        # A slow body is answered by `service.http.guard`; this ends what goes on sending after its answer.
        self._allow(self.body_seconds + _MARGIN_SECONDS)

    def on_body(self, body: bytes) -> None:
        """A piece of the body; `service.http.guard` counts it."""
        self._pieces += 1
        self._header_bytes = 0
        if self._pieces > self._most_pieces:
            raise ValueError("too many pieces")  # to the parser, which stops here
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The whole request is there."""
        if self.parser.restarts:
            return
        self._in_body = False
        self._allow(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is on its way: from now on the connection is idle, if nothing else was asked."""
        self._touch()
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
        sizes = [len(name) + len(value) for name, value in fields]
        too_long = max(sizes, default=0) > _LONGEST_LINE
        return too_long or len(self.url) + sum(sizes) + 4 * len(sizes) > self.max_header_bytes

    def _refuse(self, answer: bytes) -> None:
        self._give_up()
        self.transport.write(answer)
        self.transport.close()

    def _give_up(self) -> None:
        """Have a request end whose body is refused: it would wait for the rest, and answer a second time."""
        if self._in_body:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _names_one_host(self) -> bool:
        """Two could mean one thing to a proxy and another here (RFC 9112, 3.2); HTTP/1.0 needs none."""
        hosts = sum(name == b"host" for name, _ in self.headers)
        return hosts == 1 or (hosts == 0 and self.parser.get_http_version() != "1.1")

    def _is_framed(self) -> bool:
        """Whether the body is as it is, or in chunks, which HTTP/1.0 does not know (RFC 9112, 6.1)."""
        codings = self._codings()
        return not codings or (codings == [b"chunked"] and self.parser.get_http_version() != "1.0")

    def _is_coding_unknown(self) -> bool:
        """Whether the body is in chunks, and what they hold in a coding of its own."""
        codings = self._codings()
        return codings[-1:] == [b"chunked"] and set(codings) != {b"chunked"}

    def _codings(self) -> list[bytes]:
        fields = [value for name, value in self.headers or () if name == b"transfer-encoding"]
        codings = (coding.strip() for coding in b",".join(fields).lower().split(b","))
        return [coding for coding in codings if coding]

    def _touch(self) -> None:
        if self in self.by_activity:  # not where it has been closed for room
            self.by_activity.move_to_end(self)

    def _make_room(self) -> None:
        kinds = ImpatientProtocol._is_idle, ImpatientProtocol._is_sending, ImpatientProtocol._is_done
        longest = next(filter(None, map(self._longest, kinds)), self)
        del self.by_activity[longest]
        longest.transport.abort()

    def _longest(self, is_wanted: Callable[["ImpatientProtocol"], bool]) -> "ImpatientProtocol | None":
        """The other connection of a kind that has been so for longest."""
        # One that was closed this moment stays among them until the event loop's next turn.
        found = (one for one in self.by_activity if is_wanted(one) and one is not self and not one._is_gone())
        return next(found, None)

    def _is_idle(self) -> bool:
        """Whether it has read its answers, or is sending what is refused already."""
        return self._out.lingers or (self._is_done() and not self.transport.get_write_buffer_size())

    def _is_sending(self) -> bool:
        return self.cycle is not None and self.cycle.more_body

    def _is_done(self) -> bool:
        """Whether all its requests are answered."""
        return self.cycle is None or self.cycle.response_complete

    def _is_gone(self) -> bool:
        return not self._out.lingers and self.transport.is_closing()

    def _allow(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)
