"""Jobs, and the threads that do them: each image by itself first, then a few of them together."""

import asyncio
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Final, Protocol

from service.machine import memory, threads

QUIET_SECONDS: Final = 60.0
"""After so long without a job a worker gives back the memory that the next one would have taken."""


class Work(Protocol):
    """What is done with the items of jobs, on several threads at once."""

    def is_quick(self, item: Any, /) -> bool:
        """Whether to prepare this item takes a moment only; raises nothing."""

    def prepare(self, item: Any, /) -> Any:
        """The part that is each item's own; may raise anything."""

    def has_room(self, prepared: Sequence[Any], /) -> bool:
        """Whether one more would be finished together with these, of which there is one at least."""

    def finish(self, prepared: Sequence[Any], /) -> Sequence[Any]:
        """The part that is cheaper together: the answer or the Exception for each, in order."""


@dataclass(eq=False)
class Job:
    """One item on its way to an answer."""

    item: Any
    """None once it is prepared. An upload is still held by whoever waits for its answer."""
    result: "asyncio.Future[Any]"
    queued: float = field(default_factory=time.perf_counter)
    prepared: Any = None
    outcome: Any = None
    """The answer, or the Exception in its place."""

    def prepare(self, work: Work, on_start: Callable[[float], None]) -> bool:
        """Do the first part; False where that failed, which is the outcome then."""
        try:
            on_start(time.perf_counter() - self.queued)
            self.prepared = work.prepare(self.item)
        except BaseException as error:
            self.outcome = _for_a_future(error)
            return False
        finally:
            self.item = None
        return True

    def tell(self) -> None:
        """Let the event loop know the outcome, if it has not ended meanwhile; for any thread."""
        if isinstance(self.outcome, Exception):
            _forget_frames(self.outcome)
        with suppress(RuntimeError):  # the loop is closed: nobody is left to know
            self.result.get_loop().call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        if self.result.done():  # its request is gone
            return
        if isinstance(self.outcome, Exception):
            self.result.set_exception(self.outcome)
        else:
            self.result.set_result(self.outcome)


class Worker(threading.Thread):
    """A thread that does the job it is given, then what `more` gives it, then waits for the next.

    `companion` gives it a job to finish together with so many at hand, or None where too few wait for that.
    The thread outlives whatever `work` raises. To make one raises TooFewThreads.
    """

    def __init__(
        self,
        work: Work,
        more: "Callable[[Worker], Job | None]",
        companion: Callable[[int], Job | None],
        on_start: Callable[[float], None],
    ) -> None:
        super().__init__(name="worker", daemon=True)
        self.jobs: SimpleQueue[Job | None] = SimpleQueue()
        """None ends the thread."""
        self._work = work
        self._more = more
        self._companion = companion
        self._on_start = on_start
        self._untold: list[Job] = []
        """Done, and nobody knows yet."""
        threads.start(self)

    def run(self) -> None:
        """What the thread does."""
        while (job := self._wait()) is not None:
            while job is not None:
                job = self._do(job)

    def _wait(self) -> Job | None:
        """The next job."""
        try:
            return self.jobs.get(timeout=QUIET_SECONDS)
        except Empty:
            memory.give_back()
            return self.jobs.get()

    def _do(self, first: Job) -> Job | None:
        if self._prepare(first):
            self._finish(first)
        following = self._more(self)
        # Whoever hears of the answer finds this worker idle, or busy with the next.
        if following is None:
            self._tell()
        return following

    def _prepare(self, job: Job) -> bool:
        """Do the first part of a job; what is done before is told without waiting for long."""
        if not self._work.is_quick(job.item):
            self._tell()
        ready = job.prepare(self._work, self._on_start)
        if not ready:
            self._tell()
            self._untold.append(job)
        return ready

    def _finish(self, first: Job) -> None:
        """Finish a prepared job, and others together with it while many wait and there is room."""
        jobs = [first]
        try:
            while self._work.has_room([job.prepared for job in jobs]):
                companion = self._companion(len(jobs))
                if companion is None:
                    break
                if self._prepare(companion):
                    jobs.append(companion)
            # Only now: the event loop would wake up, and it and this thread, which both need the interpreter,
            # would wait for each other. While an inference runs, it has the interpreter for itself.
            self._tell()
            outcomes = self._work.finish([job.prepared for job in jobs])
            for job, outcome in zip(jobs, outcomes, strict=True):
                job.outcome = outcome
        except BaseException as error:
            for job in jobs:
                job.outcome = _for_a_future(error)
        self._untold += jobs

    def _tell(self) -> None:
        told, self._untold = self._untold, []
        for job in told:
            job.tell()


def _for_a_future(error: BaseException) -> Exception:
    """A future takes no StopIteration, and what is no Exception would end the event loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


def _forget_frames(error: BaseException | None) -> None:
    """Let go of what the functions that failed had at hand.

    An error leads to its job and back: uploads and pixels would stay until Python looks for garbage.
    """
    known: set[int] = set()
    while error is not None and id(error) not in known:
        known.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__context__ if error.__cause__ is None else error.__cause__
