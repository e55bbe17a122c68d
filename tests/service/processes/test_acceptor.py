import selectors
import socket
from contextlib import ExitStack

import pytest

from service.processes import acceptor
from service.processes.acceptor import Door
from service.serving.listening import listen


def test_who_cannot_be_served_yet_is_not_lost_where_there_are_two_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(acceptor, "listen", lambda host, port: [*listen(host, port), *listen(host, port)])
    somebody = False
    with ExitStack() as stack:
        taken: list[socket.socket] = []

        def give(connection: socket.socket) -> bool:
            if somebody:
                taken.append(stack.enter_context(connection.dup()))
            return somebody

        selector = stack.enter_context(selectors.DefaultSelector())
        entrance = Door(selector, give)
        clients = [
            stack.enter_context(socket.create_connection(place, timeout=30))
            for place in entrance.open("127.0.0.1", 0)
        ]
        for key, _ in selector.select():  # both at once, and nobody takes them
            key.data()
        somebody = True
        entrance.watch(True)
        entrance.close()
        assert {one.getpeername() for one in taken} == {one.getsockname() for one in clients}
