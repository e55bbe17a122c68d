"""One process of several: its connections are handed to it, and what it has to say goes the same way back."""

import asyncio
import json
import logging
import signal
import socket
from contextlib import suppress
from functools import partial
from typing import Any, Final

# uvicorn imports them by name once a server starts: here it is before processes are forked, and once for all.
import uvicorn.lifespan.on
import uvicorn.loops.auto
import uvicorn.loops.uvloop  # noqa: F401
from fastapi import FastAPI

from service.processes.shares import Share
from service.serving import server
from service.serving.server import GracefulServer
from service.settings import Settings

READY: Final = b"ready"
"""From a process that can answer."""
FAILED: Final = b"failed "
"""From one that cannot start, followed by the reason."""
SAID: Final = b"said"
"""From one that has logged what it was told to."""
CONNECTION: Final = b"connection"
"""To a process, with the descriptor of a connection."""
LOG: Final = b"log "
"""To a process, followed by what it is to log as JSON: `level`, `message`, `facts`."""
STOP: Final = b"stop"
"""To a process: what SIGTERM is to a server by itself."""
MOST_BYTES: Final = 1 << 15
"""Of a message."""
_MOST_OF_REASON: Final = MOST_BYTES // 8
"""So that it fits into a message once more as JSON, in which a byte may take six."""
_log = logging.getLogger(__name__)


class HandedServer(GracefulServer):
    """A server that listens nowhere: `channel` brings its connections, and its end is the end of the service.

    It stops when the supervisor says so there. Signals that are sent to all processes of a program at once,
    by a terminal or whoever stops a group, would be counted twice.
    """

    def __init__(self, *arguments: Any, channel: socket.socket, share: Share) -> None:
        super().__init__(*arguments)
        self._channel = channel
        self._share = share

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell that connections may come."""
        await super().startup([])
        self._channel.setblocking(False)
        asyncio.get_running_loop().add_reader(self._channel, self._receive)
        self._channel.send(READY)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take what is on its way, and end gracefully; the channel closes with the process."""
        self._receive()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Show that the event loop turns."""
        self._share.ticks.own += 1
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """What signals do here: nothing."""

    def _receive(self) -> None:
        while True:
            try:
                message, descriptors, _, _ = socket.recv_fds(self._channel, MOST_BYTES, 1)
            except BlockingIOError:
                return
            except ConnectionError:
                message, descriptors = b"", []
            if message == CONNECTION:
                self._take(descriptors)
            elif message == STOP:
                super().handle_exit(signal.SIGTERM, None)
            elif message.startswith(LOG):
                self._say(json.loads(message.removeprefix(LOG)))
            elif not message:
                self._be_alone()
                return

    def _say(self, line: dict[str, Any]) -> None:
        _log.log(line["level"], line["message"], extra=line["facts"])
        with suppress(OSError):  # the next message tells that the supervisor is gone
            self._channel.send(SAID)

    def _be_alone(self) -> None:
        """The supervisor is gone: there is no other end of the service."""
        asyncio.get_running_loop().remove_reader(self._channel)
        if not self._stops:
            super().handle_exit(signal.SIGTERM, None)

    def _take(self, descriptors: list[int]) -> None:
        for descriptor in descriptors:
            self._open(socket.socket(fileno=descriptor))
        if not descriptors:  # the system had none left for it, and has closed the connection
            self._share.closed.own += 1
            _log.warning("a connection is lost, for want of file descriptors")

    def _lost(self) -> None:
        self._share.closed.own += 1


def complain(channel: socket.socket, error: Exception) -> None:
    """Tell why this process cannot start."""
    channel.send(FAILED + str(error).encode(errors="backslashreplace")[:_MOST_OF_REASON])


def build(app: FastAPI, settings: Settings, share: Share, channel: socket.socket) -> GracefulServer:
    """The server of one process, as the settings say."""

    def lost() -> None:
        share.closed.own += 1

    return server.build(app, settings, partial(HandedServer, channel=channel, share=share), lost)
