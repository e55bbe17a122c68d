"""The sockets that the service listens on, and why it cannot where it cannot."""

import errno
import os
import socket
from typing import Final

from service.errors import CannotListen

BACKLOG: Final = 2048
"""Connections that wait to be accepted: uvicorn's number."""
_CLOSED: Final = (errno.EADDRINUSE, errno.EACCES)


def listen(host: str, port: int) -> list[socket.socket]:
    """A socket for every address of `host` that this machine has; an empty host is all of IPv4 and IPv6.

    Raises CannotListen with a line that names the setting to change.
    """
    sockets = []
    for family, address in _addresses(host, port):
        try:
            sockets.append(socket.create_server(address, family=family, backlog=BACKLOG))
        except OSError as error:
            # Otherwise it is the address: a name may have one of IPv6, and the machine none.
            if error.errno in _CLOSED:
                reason = (
                    f"Expected a free port that may be opened. Received: {port} ({os.strerror(error.errno)})."
                )
                raise CannotListen(f"SERVICE_PORT: {reason}") from None
    if not sockets:
        raise CannotListen(f"SERVICE_HOST: Expected an address of this machine. Received: {host!r}.")
    return sockets


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    name = host.encode() if host.isascii() else host  # for text Python imports all of Unicode
    try:
        found = socket.getaddrinfo(name or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        expected = "Expected an address such as 0.0.0.0 or ::1, a name or nothing"
        raise CannotListen(f"SERVICE_HOST: {expected}. Received: {host!r}.") from None
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))  # type: ignore[misc]
