"""The port of several processes: what connects is accepted here, and served by one of them."""

import selectors
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from service.listening import listen

_NO_DESCRIPTORS_SECONDS: Final = 0.05


class Door:
    """Listening sockets that a selector watches, each event with what to call as its data.

    `give` hands a connection on, and has a descriptor of its own for that: this one is closed afterwards.
    """

    def __init__(self, selector: selectors.BaseSelector, give: Callable[[socket.socket], None]) -> None:
        self._selector = selector
        self._give = give
        self._listeners: list[socket.socket] = []
        self._watched = False
        self.was_opened = False

    def open(self, host: str, port: int) -> list[tuple[str, int]]:
        """Listen, and say where; raises CannotListen."""
        self._listeners = listen(host, port)
        self.was_opened = True
        for listener in self._listeners:
            listener.setblocking(False)
        self.watch(True)
        return [listener.getsockname()[:2] for listener in self._listeners]

    def watch(self, wanted: bool) -> None:
        """Whether to accept connections; those that come meanwhile wait in the system's queue."""
        if wanted == self._watched:
            return
        self._watched = wanted
        for listener in self._listeners:
            if wanted:
                self._selector.register(listener, selectors.EVENT_READ, partial(self._accept, listener))
            else:
                self._selector.unregister(listener)

    def close(self) -> None:
        """Give what has connected so far, then listen no more."""
        for listener in self._listeners:
            while self._watched and self._accept(listener):
                pass
        self.watch(False)
        self.leave()

    def leave(self) -> None:
        """Close the sockets of this process alone, which leaves others as they are."""
        for listener in self._listeners:
            listener.close()
        self._listeners = []

    def _accept(self, listener: socket.socket) -> bool:
        """Give the next connection; False where there is none."""
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        except OSError:  # out of descriptors: the system must not be asked without end
            time.sleep(_NO_DESCRIPTORS_SECONDS)
            return False
        with connection:
            self._give(connection)
        return True
