import asyncio
from collections.abc import Awaitable, Callable

from service.serving.one_write import OneWrite

HEAD, BODY = b"HTTP/1.1 200 OK\r\n\r\n", b"{}"


class Recorder(asyncio.Transport):
    """Remembers each write; a stream's other end could not tell them apart."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


def writes(do: Callable[[OneWrite], Awaitable[None]]) -> list[bytes]:
    """What becomes of that which `do` does with a transport."""

    async def scenario() -> Recorder:
        recorder = Recorder()
        await do(OneWrite(recorder, asyncio.get_running_loop()))
        return recorder

    return asyncio.run(scenario()).written


async def turn() -> None:
    """Let the event loop go round, as it does before it waits."""
    await asyncio.sleep(0)


def test_head_and_body_go_together() -> None:
    async def answer(transport: OneWrite) -> None:
        transport.write(HEAD)
        transport.write(BODY)

    assert writes(answer) == [HEAD + BODY]


def test_a_head_does_not_wait_for_a_later_body() -> None:
    async def answer(transport: OneWrite) -> None:
        transport.write(HEAD)
        await turn()
        transport.write(BODY)
        await turn()

    assert writes(answer) == [HEAD, BODY]


def test_what_is_held_is_sent_before_the_end() -> None:
    async def answer(transport: OneWrite) -> None:
        transport.write(HEAD)
        transport.close()

    assert writes(answer) == [HEAD]


def test_nothing_is_sent_to_a_client_that_is_gone() -> None:
    async def answer(transport: OneWrite) -> None:
        transport.write(HEAD)
        transport.abort()
        await turn()
        transport.write(BODY)
        await turn()

    assert writes(answer) == []
