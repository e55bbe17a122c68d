"""A network whose inferences use every CPU while they are few, and one CPU each while they are many."""

import threading
from collections.abc import Sequence
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
        self._helped = 0
        self._alone = 0
        """Inferences that run, of either kind."""
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        """Whatever else a session is asked for."""
        return getattr(self._session, name)

    def run(self, names: Sequence[str] | None, feeds: dict[str, Any]) -> Any:
        """What `InferenceSession.run` returns and raises."""
        with self._lock:
            alone = self._helped + self._alone >= self._few and self._alone < self._own
            self._alone += alone
            self._helped += not alone
        try:
            return self._run_alone(names, feeds) if alone else self._session.run(names, feeds)
        finally:
            with self._lock:
                self._alone -= alone
                self._helped -= not alone

    def _run_alone(self, names: Sequence[str] | None, feeds: dict[str, Any]) -> Any:
        done = threading.Lock()
        done.acquire()
        ended: list[Any] = []

        def end(found: Any, _: Any, error: str) -> None:
            ended.extend((found, error))
            done.release()

        self._session.run_async(names, feeds, end, None)
        done.acquire()
        found, error = ended
        if error:
            raise RuntimeError(error)
        return found
