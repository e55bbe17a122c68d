"""A network whose inferences use every CPU while they are few, and one CPU each while they are many."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Final


class AdaptiveSession:
    """Used like the `onnxruntime.InferenceSession` that it wraps; safe to call from several threads at once.

    Threads that share one inference wait for each other at every layer: the picture is done sooner, but
    several inferences side by side get less done than with a thread each. So while fewer than half as many
    inferences run as the session has `threads`, they run on the threads that ask, and the session's own help
    them. Beyond that they run on the session's own threads from end to end (`run_async`), which help nobody
    meanwhile.
    """

    def __init__(self, session: Any, threads: int) -> None:
        self._session = session
        self._few: Final = threads // 2
        self._own: Final = threads - 1
        """Threads of the session; with the one that asks they are `threads`."""
        self._running = 0
        self._alone = 0
        """Inferences that run, and those among them that nobody helps."""
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        """Whatever else a session is asked for."""
        return getattr(self._session, name)

    def run(self, names: Sequence[str] | None, feeds: dict[str, Any]) -> Any:
        """What `InferenceSession.run` returns and raises."""
        with self._lock:
            alone = self._running >= self._few and self._alone < self._own
            self._running += 1
            self._alone += alone
        try:
            return self._run_alone(names, feeds) if alone else self._session.run(names, feeds)
        finally:
            with self._lock:
                self._running -= 1
                self._alone -= alone

    def _run_alone(self, names: Sequence[str] | None, feeds: dict[str, Any]) -> Any:
        answer: Future[Any] = Future()

        def end(found: Any, _: Any, error: str) -> None:
            if error:
                answer.set_exception(RuntimeError(error))
            else:
                answer.set_result(found)

        self._session.run_async(names, feeds, end, None)
        return answer.result()
