"""How many threads the system lets the service start: a user has a limit of all together, a container too."""

import _thread
import threading
from typing import Final

from service.errors import TooFewThreads

FEWEST: Final = 4
"""Threads of a start: the log, and those that load networks while this one imports."""
OF_PROCESS: Final = 2
"""Threads of each process besides those that answer: the log, and looks for new models."""


def make_room(wanted: int) -> None:
    """See that so many threads, or forked processes, may be started besides those that are there.

    They are started, and end at once: nothing else tells what all who share the limit leave. Raises
    TooFewThreads.
    """
    gate, ended = threading.Lock(), threading.Semaphore(0)

    def wait() -> None:
        with gate:
            ended.release()

    received = 0
    gate.acquire()
    try:
        # Those of `threading` take twice as long, and many processes need many.
        while received < wanted:
            _thread.start_new_thread(wait, ())
            received += 1
    except RuntimeError as error:
        raise TooFewThreads(_reason(wanted, received, error)) from None
    finally:
        gate.release()
        for _ in range(received):
            ended.acquire()


def start(thread: threading.Thread) -> None:
    """Start a thread; raises TooFewThreads."""
    try:
        thread.start()
    except RuntimeError as error:
        raise TooFewThreads(_reason(1, 0, error)) from None


def _reason(wanted: int, received: int, error: RuntimeError) -> str:
    return (
        f"Expected room for {wanted} more thread{'s' if wanted > 1 else ''}. Received: {received} ({error}); "
        "raise the limit (ulimit -u, or the container's pids limit), or set fewer SERVICE_PROCESSES, "
        "SERVICE_WORKERS or SERVICE_THREADS."
    )
