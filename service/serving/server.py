"""uvicorn, made patient with requests in flight."""

import asyncio
import logging
import signal
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from service.machine.descriptors import allow_connections
from service.serving.listening import BACKLOG
from service.serving.protocol import ImpatientProtocol
from service.settings import Settings

_TICK_SECONDS: Final = 1.0
"""Between looks at what changes by itself, such as the date in the answers. uvicorn's own ten looks a second
were half of what an idle service takes."""
_FIRST_WORDS_SECONDS: Final = 0.1
"""For who has connected as the port closes to say what is wanted: who asks nothing is idle, and cut off."""
_LAST_WORDS_SECONDS: Final = 1.0
"""For the answer to a request whose time is over, and for its client to read it."""
_logger = logging.getLogger(__name__)


class GracefulServer(uvicorn.Server):
    """On SIGTERM: not ready at once, still answering for `drain_seconds`, then finishing what is in flight.

    Load balancers take their time to notice; a server that closed its door at once would refuse what they
    still send. `on_stop` is called first. Ends with exit code 0, where uvicorn would re-raise the signal.
    """

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None], drain_seconds: float) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._drain_seconds = drain_seconds
        self._stops = 0
        """How often it was told to stop."""
        self._stop_at: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()
        self._opening: set[asyncio.Task[None]] = set()
        """Connections that are accepted and not served yet."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, and say where."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        for server in self.servers:
            for listener in server.sockets:
                host, port = listener.getsockname()[:2]
                _logger.info("listening", extra={"host": host, "port": port})

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is in flight; what takes longer than its time is told so and loses its connection."""
        for listener in sockets or ():
            self._take_waiting(listener)
        for server in self.servers:
            server.close()
        if self._opening:
            await asyncio.gather(*self._opening)
            await asyncio.sleep(_FIRST_WORDS_SECONDS)
        await super().shutdown(sockets)
        tasks, connections = self.server_state.tasks, self.server_state.connections
        if self.force_exit:
            # The application is not told, and the loop's end cancels it: uvicorn would log the traceback.
            self.lifespan.logger = logging.Logger("silent", logging.CRITICAL)
            for task in tasks:
                task.cancel()
        until = time.monotonic() + (0 if self.force_exit else _LAST_WORDS_SECONDS)
        while (tasks or connections) and time.monotonic() < until:
            await asyncio.sleep(0.01)
        # The end of a loop with open connections waits for their clients, for ever.
        for connection in list(connections):
            connection.transport.abort()
        while connections:
            await asyncio.sleep(0)

    def _take_waiting(self, listener: socket.socket) -> None:
        """Accept who has connected already: as the port closes the system resets who still waits there."""
        for _ in range(BACKLOG):
            try:
                connection, _address = listener.accept()
            except OSError:  # nobody is left, or there are no descriptors
                return
            self._open(connection)

    def _open(self, connection: socket.socket) -> None:
        """Serve a connection that somebody has accepted."""
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
            self._lost()

    def _lost(self) -> None:
        """A connection has ended before it was served."""

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gracefully; asked twice, without draining; a third time, without what is in flight."""
        self._stops += 1
        facts = {"signal": signal.Signals(sig).name}
        if self._stops == 1:
            self._on_stop()
            self._stop_at = time.monotonic() + self._drain_seconds
            _logger.info("stopping", extra=facts)
            self._wake()
            return
        if self._stops > 2 and not self.force_exit:
            self.force_exit = True
            _logger.warning("stopping without what is in flight", extra=facts)
        self.stop_now()

    def stop_now(self) -> None:
        """Stop without draining, if it has not ended yet; for any thread."""
        self.should_exit = True
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to wake
                self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        """Look at the time now and then, and at once where somebody has said something."""
        while not await self.on_tick(0):
            self._told.clear()
            left = _TICK_SECONDS if self._stop_at is None else self._stop_at - time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), min(_TICK_SECONDS, max(0.0, left)))

    async def on_tick(self, counter: int) -> bool:
        """What uvicorn does once a second; True ends the server."""
        if self._stop_at is not None and time.monotonic() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)


def build(
    app: FastAPI,
    settings: Settings,
    server: Callable[..., GracefulServer] = GracefulServer,
    on_lost: Callable[[], None] = lambda: None,
) -> GracefulServer:
    """The server for an application, as the settings say; `on_lost` is called when a connection ends."""
    limits = {
        "lost": staticmethod(on_lost),
        "header_seconds": settings.header_seconds,
        "body_seconds": settings.body_seconds,
        "max_connections": allow_connections(settings.max_connections),
        "by_activity": OrderedDict(),
    }
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=type("Protocol", (ImpatientProtocol,), limits),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.grace_seconds,
    )

    def stop() -> None:
        app.state.stopping = True

    return server(config, stop, settings.drain_seconds)
