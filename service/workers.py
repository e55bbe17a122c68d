"""Decoding and inference off the event loop: a bounded crew of threads and a bounded waiting room.

Requests take turns: each turn is two images at most, so that the 32 images of a batch do not hold up the
single image behind them. A thread that is done takes the next image by itself: asking the event loop for it
would leave a processor idle whenever the loop is busy with requests.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from service.errors import Overloaded

T = TypeVar("T")
IN_A_ROW: Final = 2
"""Images of one turn. With one, batches are the slowest of all answers under load; each more makes the single
images behind them wait for one more. `benchmarks/README.md` has the numbers."""


@dataclass
class _Job:
    work: Callable[[], Any]
    result: "asyncio.Future[Any]"
    queued: float = field(default_factory=time.perf_counter)

    _answer: Any = None
    _error: Exception | None = None

    def run(self, on_start: Callable[[float], None]) -> None:
        """Do the work on the thread that calls, which outlives whatever the work raises."""
        try:
            on_start(time.perf_counter() - self.queued)
            self._answer = self.work()
        except BaseException as error:
            self._error = _for_a_future(error)

    def tell(self) -> None:
        """Let the event loop know how the work ended; for any thread."""
        self.result.get_loop().call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.result.done():  # its request is gone
            return
        if self._error is None:
            self.result.set_result(self._answer)
        else:
            self.result.set_exception(self._error)


def _for_a_future(error: BaseException) -> Exception:
    """A future takes no StopIteration, and what is no Exception would end the event loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


class _Worker(threading.Thread):
    """A thread that runs the job it is given, then what `more` gives it, then waits for the next."""

    def __init__(self, more: "Callable[[_Worker], _Job | None]", on_start: Callable[[float], None]) -> None:
        super().__init__(name="worker", daemon=True)
        self.jobs: SimpleQueue[_Job | None] = SimpleQueue()
        """None ends the thread."""
        self._more = more
        self._on_start = on_start
        self.start()

    def run(self) -> None:
        """What the thread does."""
        while (job := self.jobs.get()) is not None:
            while job is not None:
                job = self._do(job)

    def _do(self, job: _Job) -> _Job | None:
        job.run(self._on_start)
        # Whoever hears of the answer finds this worker idle, or busy with the next.
        following = self._more(self)
        job.tell()
        return following


class Turn:
    """One admitted request; its jobs wait here for their turns."""

    def __init__(self, workers: "Workers") -> None:
        self.jobs: deque[_Job] = deque()
        self.started = 0
        """Jobs that have left the queue."""
        self._workers = workers

    async def run(self, work: Callable[[], T]) -> T:
        """Run blocking work on a thread when it is this request's turn; returns or raises what `work` does.

        Cancelled while it waits, it never runs; cancelled while it runs, its result is dropped.
        """
        job = _Job(work, asyncio.get_running_loop().create_future())
        self._workers.enqueue(self, job)
        answer: T = await job.result
        return answer


class Workers:
    """`count` threads (Pillow and ONNX Runtime release the GIL) and room for `waiting` requests besides.

    `on_start` is told how many seconds each job has waited, on the thread that begins it. All public methods
    belong to the event loop's thread.
    """

    def __init__(
        self, count: int, waiting: int = 0, on_start: Callable[[float], None] = lambda seconds: None
    ) -> None:
        self.count = count
        self.capacity = count + waiting
        self.inside = 0
        """Requests admitted and not yet answered."""
        self._batches = 0
        self._turns: deque[Turn] = deque()
        self._lock = threading.Lock()
        """Guards the queue and the idle workers, which the threads change too."""
        self._idle = [_Worker(self._next_or_rest, on_start) for _ in range(count)]
        """The one that worked last is the last: its processor still has the networks at hand."""
        self._crew = tuple(self._idle)

    @property
    def running(self) -> int:
        """Jobs on a thread."""
        return self.count - len(self._idle)

    @property
    def queued(self) -> int:
        """Jobs that wait for a thread."""
        with self._lock:
            return sum(len(turn.jobs) for turn in self._turns)

    def check_room(self, batch: bool = False) -> None:
        """Raise Overloaded where a request could not be admitted now; batches may take half of the room."""
        if self.inside >= self.capacity or (batch and self._batches >= max(1, self.capacity // 2)):
            raise Overloaded("Too many requests are waiting already. Try again in a moment.")

    @contextmanager
    def admit(self, batch: bool = False) -> Iterator[Turn]:
        """Take a place for a request; raises Overloaded. What still waits at the end is dropped."""
        self.check_room(batch)
        turn = Turn(self)
        self.inside += 1
        self._batches += batch
        try:
            yield turn
        finally:
            with self._lock:
                turn.jobs.clear()
            self.inside -= 1
            self._batches -= batch

    def enqueue(self, turn: Turn, job: _Job) -> None:
        """Queue a job of an admitted request; `Turn.run` is the way to call this."""
        with self._lock:
            turn.jobs.append(job)
            if len(turn.jobs) == 1:
                self._turns.append(turn)
            if not self._idle or (first := self._next()) is None:
                return
            worker = self._idle.pop()
        worker.jobs.put(first)

    def close(self) -> None:
        """Finish what is running and stop the threads."""
        for worker in self._crew:
            worker.jobs.put(None)
        for worker in self._crew:
            worker.join()

    def _next_or_rest(self, worker: "_Worker") -> _Job | None:
        """The next job for a worker that is done; without one it is idle from now on."""
        with self._lock:
            job = self._next()
            if job is None:
                self._idle.append(worker)
            return job

    def _next(self) -> _Job | None:
        """Take the job whose turn it is off the queue; None where nobody waits."""
        while self._turns:
            turn = self._turns.popleft()
            if not turn.jobs:  # its request is gone
                continue
            job = turn.jobs.popleft()
            turn.started += 1
            if turn.jobs and turn.started % IN_A_ROW:
                self._turns.appendleft(turn)
            elif turn.jobs:
                self._turns.append(turn)
            if not job.result.done():
                return job
        return None
