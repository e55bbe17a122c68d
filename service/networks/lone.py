"""A network that computes with one thread while inferences run side by side, and with more for a lone one."""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from service.errors import InvalidBundle, TooFewThreads
from service.machine import memory, threads

MOST_HELPED: Final = 4
"""Threads of a lone inference of a light network. 0.4 billion multiply-adds take 5.4, 3.8, 3.1 and 2.9 ms
with 1, 2, 4 and 8 of them (with VNNI; without it 7.3 and 5.6 with one and two)."""
CALM_SECONDS: Final = 0.1
"""Since two inferences last ran side by side: who shares the CPUs now and then does so in a moment again."""
THREAD: Final = "helped"
_log = logging.getLogger(__name__)


class LoneSession:
    """Used like the `onnxruntime.InferenceSession` that it wraps; safe to call from several threads at once.

    `session` computes with one thread. `open_helped` opens the same network for several, which is quicker for
    who asks alone, and slower for many at once. That takes 30 ms and 9 MB of a light network: it is done
    beside the first lone inference, not while the service starts. Where it fails, one thread goes on.

    `others` says how many workers are busy elsewhere; an inference is alone while they are fewer than `few`.
    A negative number means that no worker asks, but the service itself, to see whether the model is right.
    """

    def __init__(
        self,
        session: Any,
        open_helped: Callable[[], Any],
        few: int = 1,
        others: Callable[[], int] = lambda: 0,
    ) -> None:
        self._session = session
        self._open_helped: Callable[[], Any] | None = open_helped
        """None from the first lone inference on: it holds the model's bytes."""
        self._helped: Any = None
        self._few = few
        self._others = others
        self._running = 0
        self._shared = math.inf
        """When inferences last ran side by side; the first of all counts, which is a golden answer."""
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        """Whatever else a session is asked for."""
        return getattr(self._session, name)

    def run(self, names: Sequence[str] | None, feeds: dict[str, Any]) -> Any:
        """What `InferenceSession.run` returns and raises."""
        with self._lock:
            session = self._choose()
            self._running += 1
        try:
            return session.run(names, feeds)
        finally:
            with self._lock:
                self._running -= 1

    def _choose(self) -> Any:
        now = time.monotonic()
        self._shared = min(self._shared, now)
        if self._running or not 0 <= self._others() < self._few:
            self._shared = now
            return self._session
        if now - self._shared < CALM_SECONDS:
            return self._session
        if self._open_helped is not None:
            self._begin(self._open_helped)
            self._open_helped = None
            return self._session
        return self._helped or self._session

    def _begin(self, open_helped: Callable[[], Any]) -> None:
        def open_beside() -> None:
            try:
                self._helped = open_helped()
                memory.give_back()
            except (InvalidBundle, TooFewThreads) as error:
                _warn(error)

        try:
            # No daemon: Python's end aborts while ONNX Runtime loads a model.
            threads.start(threading.Thread(target=open_beside, name=THREAD, daemon=False))
        except TooFewThreads as error:
            _warn(error)


def _warn(error: Exception) -> None:
    _log.warning("lone inferences use one thread", extra={"reason": str(error)})
