"""Requests that ask for another protocol are ordinary here. Java's HTTP client asks for HTTP/2 each time.

RFC 9110 (7.8) lets a server ignore `Upgrade`. llhttp knows no such server: it would leave the connection, and
the body with it, to the other protocol.
"""

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class SteadyParser(httptools.HttpRequestParser):
    """Stays with HTTP/1.1: a head that asks for another protocol is parsed once more, without `Upgrade`.

    The protocol has to ignore how such a message ends the first time, while it `restarts`.
    """

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self._protocol = protocol
        self._begin()

    @property
    def restarts(self) -> bool:
        """Whether the head that is complete will be parsed once more. CONNECT is no ordinary request ever."""
        return self.should_upgrade() and self.get_method() != b"CONNECT"

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]
        """Parse the next bytes."""
        rest = memoryview(data)
        while rest:
            try:
                return super().feed_data(rest)
            except httptools.HttpParserUpgrade as stop:
                if not self.restarts:
                    raise
                rest = rest[stop.args[0] :]
            head = self._head()
            self._begin()
            super().feed_data(head)

    def _begin(self) -> None:
        """Start afresh, as at the start of a connection."""
        super().__init__(self._protocol)
        # As uvicorn has it: what follows the last request of a connection does that request no harm.
        self.set_dangerous_leniencies(lenient_data_after_close=True)

    def _head(self) -> bytes:
        """What the protocol has been told of the head, and no wish for another protocol."""
        line = b"%s %s HTTP/%s" % (self.get_method(), self._protocol.url, self.get_http_version().encode())
        fields = [b"%s: %s" % field for field in self._protocol.headers if field[0] != b"upgrade"]
        return b"\r\n".join([line, *fields, b"", b""])
