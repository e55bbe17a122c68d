"""The port of several processes: what connects is accepted here, and served by one of them."""

import selectors
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from service.serving.listening import BACKLOG, listen

_NO_DESCRIPTORS_SECONDS: Final = 0.05


class Door:
    """Listening sockets that a selector watches, each event with what to call as its data.

    `give` hands a connection on, with a descriptor of its own, and says whether somebody has taken it. If
    not, it is `held` until they are watched again; who comes meanwhile waits in the system's queue.
    """

    def __init__(self, selector: selectors.BaseSelector, give: Callable[[socket.socket], bool]) -> None:
        self._selector = selector
        self._give = give
        self._listeners: list[socket.socket] = []
        self._watched = False
        self.was_opened = False
        self.held: socket.socket | None = None

    def open(self, host: str, port: int) -> list[tuple[str, int]]:
        """Listen, and say where; raises CannotListen."""
        self._listeners = listen(host, port)
        self.was_opened = True
        for listener in self._listeners:
            listener.setblocking(False)
        self.watch(True)
        return [listener.getsockname()[:2] for listener in self._listeners]

    def watch(self, wanted: bool) -> None:
        """Whether to accept connections."""
        if wanted and self.held is not None:
            wanted = self._hand_over(self.held)
        if wanted == self._watched:
            return
        self._watched = wanted
        for listener in self._listeners:
            if wanted:
                self._selector.register(listener, selectors.EVENT_READ, partial(self._knocked, listener))
            else:
                self._selector.unregister(listener)

    def close(self) -> None:
        """Give what has connected so far, then listen no more."""
        self.watch(self._watched or self.held is not None)
        for listener in self._listeners:
            for _ in range(BACKLOG):
                if not (self._watched and self._accept(listener)):
                    break
        self.watch(False)
        self.leave()

    def leave(self) -> None:
        """Close the sockets of this process alone, which leaves others as they are."""
        for one in (*self._listeners, *([self.held] if self.held is not None else [])):
            one.close()
        self._listeners, self.held = [], None

    def _knocked(self, listener: socket.socket) -> None:
        if self._watched:  # not since another listener's event of the same look: one connection can be held
            self._accept(listener)

    def _accept(self, listener: socket.socket) -> bool:
        """Give the next connection; False where there is none."""
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return False
        except ConnectionAbortedError:
            return True
        except OSError:  # out of descriptors: the system must not be asked without end
            time.sleep(_NO_DESCRIPTORS_SECONDS)
            return False
        if not self._hand_over(connection):
            self.watch(False)
        return True

    def _hand_over(self, connection: socket.socket) -> bool:
        taken = self._give(connection)
        if taken:
            connection.close()
        self.held = None if taken else connection
        return taken
