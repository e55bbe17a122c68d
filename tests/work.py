"""Work for the workers of the service, which tests can hold up and watch."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any


class Gate:
    """Work that waits until it is let go, and remembers in which order it was begun."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun: list[str] = []

    def work(self, name: str) -> Callable[[], str]:
        def wait() -> str:
            self.begun.append(name)
            assert self.open.wait(30)
            return name

        return wait


class Calls:
    """Work whose items are functions, each called by itself."""

    def is_quick(self, item: Callable[[], Any]) -> bool:
        return True

    def prepare(self, item: Callable[[], Any]) -> Any:
        return item()

    def has_room(self, prepared: Sequence[Any]) -> bool:
        return False

    def finish(self, prepared: Sequence[Any]) -> Sequence[Any]:
        return prepared


class Groups(Calls):
    """The same, but what they return is finished some at a time, and poison breaks that."""

    def __init__(self, most: int = 2) -> None:
        self._most = most
        self.finished: list[list[Any]] = []

    def has_room(self, prepared: Sequence[Any]) -> bool:
        return len(prepared) < self._most

    def finish(self, prepared: Sequence[Any]) -> Sequence[Any]:
        self.finished.append(list(prepared))
        if "poison" in prepared:
            raise ValueError("a bug")
        return prepared


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)
