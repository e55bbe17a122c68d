"""Decoding and inference off the event loop: a bounded crew of threads and a bounded waiting room.

Requests take turns: each turn is two images at most, so that the 32 images of a batch do not hold up the
single image behind them. A thread that is done takes the next image by itself: asking the event loop for it
would leave a processor idle whenever the loop is busy with requests. While many wait it finishes a few images
together, which costs less than one after the other; nobody waits for company.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from service.answering.jobs import Job, Work, Worker
from service.errors import Overloaded
from service.processes.shares import Share

IN_A_ROW: Final = 2
"""Images of one turn. With one, batches are the slowest of all answers under load; each more makes the single
images behind them wait for one more. `benchmarks/history.md`, "Soak and fuzz", has the numbers."""
LAST_SECONDS: Final = 1.0
"""How long the end of the service waits for its workers: a picture may keep one for longer than it has."""


class Turn:
    """One admitted request; its jobs wait here for their turns."""

    def __init__(self, workers: "Workers") -> None:
        self.jobs: deque[Job] = deque()
        self.started = 0
        """Jobs that have left the queue."""
        self._workers = workers

    async def run(self, item: Any) -> Any:
        """Let a thread work on an item when it is this request's turn; returns or raises what the work does.

        Cancelled while it waits, it is never worked on; cancelled meanwhile, its answer is dropped.
        """
        job = Job(item, asyncio.get_running_loop().create_future())
        self._workers.enqueue(self, job)
        return await job.result


class Workers:
    """Threads that do `work` (Pillow and ONNX Runtime release the GIL), and room for `waiting` requests.

    `on_start` is told how many seconds each job has waited, on the thread that begins it. All public
    methods belong to the event loop's thread.

    The whole service has `count` workers and room for so many requests, whichever of its processes has taken
    them. A process always has its `share` of the workers, and a few more while others have nothing to do: the
    images of a batch, all of one request, could use one CPU of many otherwise.
    """

    def __init__(
        self,
        work: Work,
        count: int,
        waiting: int = 0,
        on_start: Callable[[float], None] = lambda seconds: None,
        share: Share | None = None,
    ) -> None:
        share = share or Share()
        self._everywhere = count
        self.capacity = count + waiting
        self._own_capacity = share.of(count + waiting)
        self.count = share.of(count)
        """Workers that this process always has."""
        self._inside, self._batches, self._busy = share.inside, share.batches, share.busy
        self._turns: deque[Turn] = deque()
        self._lock = threading.Lock()
        """Guards the queue and the idle workers, which the threads change too."""
        self._idle = [
            Worker(work, self._next_or_rest, self._companion, on_start) for _ in range(share.crew(count))
        ]
        """The one that worked last is the last: its processor still has the networks at hand."""
        self._crew = tuple(self._idle)

    @property
    def inside(self) -> int:
        """Requests admitted and not yet answered."""
        return self._inside.own

    @property
    def running(self) -> int:
        """Threads at work."""
        return len(self._crew) - len(self._idle)

    @property
    def queued(self) -> int:
        """Jobs that wait for a thread."""
        with self._lock:
            return self._queued()

    def check_room(self, batch: bool = False) -> None:
        """Raise Overloaded where a request could not be admitted now; batches may take half of the room."""
        # What a process has of its own it may use in any case: connections are dealt out, requests are not.
        full = self._inside.total >= self.capacity and self._inside.own >= self._own_capacity
        batches, own_batches = max(1, self.capacity // 2), max(1, self._own_capacity // 2)
        if full or (batch and self._batches.total >= batches and self._batches.own >= own_batches):
            raise Overloaded("Too many requests are waiting already. Try again in a moment.")

    @contextmanager
    def admit(self, batch: bool = False) -> Iterator[Turn]:
        """Take a place for a request; raises Overloaded. What still waits at the end is dropped."""
        self.check_room(batch)
        turn = Turn(self)
        self._inside.own += 1
        self._batches.own += batch
        try:
            yield turn
        finally:
            with self._lock:
                turn.jobs.clear()
            self._inside.own -= 1
            self._batches.own -= batch

    def enqueue(self, turn: Turn, job: Job) -> None:
        """Queue a job of an admitted request; `Turn.run` is the way to call this."""
        with self._lock:
            turn.jobs.append(job)
            if len(turn.jobs) == 1:
                self._turns.append(turn)
            self._spread()

    def close(self) -> None:
        """Stop the threads; what is running, and nobody waits for any more, has a moment to finish."""
        for worker in self._crew:
            worker.jobs.put(None)
        until = time.monotonic() + LAST_SECONDS
        for worker in self._crew:
            worker.join(max(0.0, until - time.monotonic()))

    def _next_or_rest(self, worker: "Worker") -> Job | None:
        """The next job for a worker that is done; without one it is idle from now on."""
        with self._lock:
            borrowed = self.running > self.count and self._busy.total > self._everywhere
            job = None if borrowed else self._next()
            if job is None:
                self._idle.append(worker)
                self._busy.own = self.running
            else:
                self._spread()  # others may be idle by now whose workers can be borrowed
            return job

    def _spread(self) -> None:
        """Let whoever is free begin what waits."""
        while self._has_one_free() and (job := self._next()) is not None:
            self._idle.pop().jobs.put(job)
            self._busy.own = self.running

    def _companion(self, at_hand: int) -> Job | None:
        """A job to do together with those at hand, up to half of a worker's part of what is inside.

        While one half is computed the clients of the other half are told and ask again: each waits for two
        inferences. With less some wait for three; with more a worker that is done finds nobody.
        """
        with self._lock:
            inside = max(self._inside.own, self._queued() + at_hand)  # a batch is one request of many images
            return self._next() if inside > 2 * self.count * at_hand else None

    def _has_one_free(self) -> bool:
        """Whether a worker may begin: one of this process's own, or while the service has one to spare."""
        return bool(self._idle) and (self.running < self.count or self._busy.total < self._everywhere)

    def _queued(self) -> int:
        return sum(len(turn.jobs) for turn in self._turns)

    def _next(self) -> Job | None:
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
