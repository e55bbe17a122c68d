"""One process of several: its connections are handed to it, and what it has to say goes the same way back."""

import asyncio
import json
import logging
import signal
import socket
from functools import partial
from typing import Any, Final

from fastapi import FastAPI

from service import server
from service.server import GracefulServer
from service.settings import Settings
from service.shares import Share

READY: Final = b"ready"
"""From a process that can answer."""
FAILED: Final = b"failed "
"""From one that cannot start, followed by the reason."""
CONNECTION: Final = b"connection"
"""To a process, with the descriptor of a connection."""
LOG: Final = b"log "
"""To a process, followed by what it is to log as JSON: `level`, `message`, `facts`."""
MOST_BYTES: Final = 1 << 15
"""Of a message."""
_log = logging.getLogger(__name__)


class HandedServer(GracefulServer):
    """A server that listens nowhere: `channel` brings its connections, and its end is the end of the service.

    SIGINT is left to the supervisor: a terminal sends it to all processes of a program at once.
    """

    def __init__(self, *arguments: Any, channel: socket.socket, share: Share) -> None:
        super().__init__(*arguments)
        self._channel = channel
        self._share = share
        self._opening: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell that connections may come."""
        await super().startup([])
        self._channel.setblocking(False)
        asyncio.get_running_loop().add_reader(self._channel, self._receive)
        self._channel.send(READY)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take what is on its way, then nothing more, and end gracefully."""
        self._receive()
        self._leave()
        await asyncio.gather(*self._opening)
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Show that the event loop turns."""
        self._share.ticks.own += 1
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop as the supervisor says."""
        if sig != signal.SIGINT:
            super().handle_exit(sig, frame)

    def _receive(self) -> None:
        while self._channel.fileno() >= 0:
            try:
                message, descriptors, _, _ = socket.recv_fds(self._channel, MOST_BYTES, 1)
            except BlockingIOError:
                return
            except ConnectionError:
                message, descriptors = b"", []
            for descriptor in descriptors:
                self._open(socket.socket(fileno=descriptor))
            if message.startswith(LOG):
                said = json.loads(message.removeprefix(LOG))
                _log.log(said["level"], said["message"], extra=said["facts"])
            elif not message:  # the supervisor is gone
                self._leave()
                super().handle_exit(signal.SIGTERM, None)

    def _leave(self) -> None:
        if self._channel.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._channel)
            self._channel.close()

    def _open(self, connection: socket.socket) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        except OSError:  # the client has left already
            connection.close()
            self._share.closed.own += 1

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


def build(app: FastAPI, settings: Settings, share: Share, channel: socket.socket) -> GracefulServer:
    """The server of one process, as the settings say."""

    def lost() -> None:
        share.closed.own += 1

    return server.build(app, settings, partial(HandedServer, channel=channel, share=share), lost)
