"""How many threads the system lets the service start: a user has a limit of all together, a container too."""

import _thread
import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from service.errors import TooFewThreads

FEWEST: Final = 4
"""Threads of a start: the log, and those that load networks while this one imports."""
OF_PROCESS: Final = 2
"""Threads of each process besides those that answer: the log, and looks for new models."""
_GONE_SECONDS: Final = 1.0
_REFUSED: Final = "can't start new thread"
"""What Python says, whoever starts a thread."""
_REFUSED_NATIVE: Final = "pthread_create failed"
"""What ONNX Runtime says of its own, among much else."""


def make_room(wanted: int) -> None:
    """See that so many threads, or forked processes, may be started besides those that are there.

    They are started, and end at once: nothing else tells what all who share the limit leave. Raises
    TooFewThreads.
    """
    gate, ended, numbers = threading.Lock(), threading.Semaphore(0), list[int]()

    def wait() -> None:
        numbers.append(threading.get_native_id())
        with gate:
            ended.release()

    received = 0
    gate.acquire()
    try:
        # Those of `threading` take twice as long, and many processes need many.
        while received < wanted:
            _thread.start_new_thread(wait, ())
            received += 1
    except RuntimeError:
        raise TooFewThreads(_reason(wanted, received)) from None
    finally:
        gate.release()
        for _ in range(received):
            ended.acquire()
        _see_gone(numbers)


def _see_gone(numbers: Iterable[int]) -> None:
    """Wait until the system counts these threads no more, which it does a moment after their last word."""
    until = time.monotonic() + _GONE_SECONDS
    for number in numbers:
        while os.path.exists(f"/proc/self/task/{number}") and time.monotonic() < until:
            time.sleep(0.0002)


def start(thread: threading.Thread) -> None:
    """Start a thread; raises TooFewThreads."""
    with needed():
        thread.start()


@contextmanager
def needed() -> Iterator[None]:
    """Within it a thread that a library cannot start raises TooFewThreads: room may be gone after a look."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != _REFUSED and _REFUSED_NATIVE not in str(error):
            raise
        raise TooFewThreads(_reason(1, 0)) from None


def _reason(wanted: int, received: int) -> str:
    return (
        f"Expected room for {wanted} more thread{'s' if wanted > 1 else ''}. Received: {received} "
        f"({_REFUSED}); raise the limit (ulimit -u, or the container's pids limit), or set fewer "
        "SERVICE_PROCESSES, SERVICE_WORKERS or SERVICE_THREADS."
    )
