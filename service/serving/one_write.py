"""The head and the body of an answer as one write: one system call, and one thing to read for the client."""

import asyncio
from collections.abc import Callable
from typing import Any


class OneWrite:
    """Used like the `asyncio.Transport` that it wraps; what is written in one turn of the loop goes together.

    A server writes the head of an answer, then its body. uvloop sends each at once, and a client on another
    CPU wakes up for the head alone. A head whose body takes longer is sent before the loop waits.

    While `is_sending` says that the client has not ended its request, closing means to say no more and to go
    on reading, until it leaves or is closed once more: what arrives at a closed socket resets the connection,
    and many a client would lose the answer that tells it why (RFC 9112, 9.6).
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        is_sending: Callable[[], bool] = lambda: False,
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._is_sending = is_sending
        self._held = b""
        self.lingers = False
        """Whether it is closed for writing alone."""

    def __getattr__(self, name: str) -> Any:
        """Whatever else a transport is asked for."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send `data` with what is written next, or in a moment."""
        if self._held:
            self._held += data
            self._flush()
        elif data:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Close the connection once everything is sent."""
        self._flush()
        if self.lingers or self._transport.is_closing() or not self._is_sending():
            self._transport.close()
            return
        self.lingers = True
        self._transport.write_eof()
        self._transport.resume_reading()

    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self.lingers or self._transport.is_closing()

    def _flush(self) -> None:
        data, self._held = self._held, b""
        if data and not self.is_closing():
            self._transport.write(data)
