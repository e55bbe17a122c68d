"""What a combination of settings gives on this machine: the service without HTTP, loaded for a moment."""

import asyncio
import multiprocessing
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import numpy as np

from service.answering.predictor import Asked, Predictor
from service.answering.prepared import Question
from service.answering.workers import Workers
from service.errors import ServiceError, TooFewThreads
from service.machine import cpus
from service.processes.forking import STOPS, held_back
from service.processes.shares import Share

FULL_HOUSE: Final = 8
"""Photos there at a time, for each CPU, when the service is busy."""
_FORK: Final = "fork"


@dataclass(frozen=True)
class Choice:
    """One combination of settings."""

    threads: int
    workers: int
    at_once: int


@dataclass(frozen=True)
class Trial:
    """What a combination gave."""

    choice: Choice
    alone: float
    """Milliseconds of a photo on its own, at the median."""
    throughput: float
    """Photos a second in a full house."""
    p99: float
    """Milliseconds of a photo there, at the 99th percentile."""
    memory: int = 0
    """Bytes that the processes took besides what they share."""


def measure(
    predictor: Predictor, photo: bytes, choice: Choice, seconds: float, everyone: Sequence[Share]
) -> Trial:
    """Classify `photo` for a quarter of `seconds` on its own, then in a full house, in these processes.

    Raises ServiceError where it cannot be classified, and TooFewThreads.
    """
    asked = Asked(photo, Question(region="whole"))
    (outcome,) = predictor.finish([predictor.prepare(asked)])
    if isinstance(outcome, Exception):
        raise outcome
    alone = _side_by_side(predictor, asked, choice.workers, 1, seconds / 4, everyone[:1])
    clients = max(1, FULL_HOUSE * cpus.available() // len(everyone))
    found = _side_by_side(predictor, asked, choice.workers, clients, 3 * seconds / 4, everyone)
    times = [one for each in found for one in each.milliseconds]
    return Trial(
        choice,
        float(np.median(alone[0].milliseconds)),
        sum(each.throughput for each in found),
        float(np.percentile(times, 99)),
        sum(each.memory for each in found),
    )


@dataclass(frozen=True)
class _Found:
    """What one process saw."""

    milliseconds: list[float]
    throughput: float
    """Photos a second."""
    memory: int = 0
    """Bytes that it shares with no other process."""


def _side_by_side(
    predictor: Predictor, asked: Asked, count: int, clients: int, seconds: float, everyone: Sequence[Share]
) -> list[_Found]:
    if everyone[0].processes == 1:
        return [asyncio.run(_load(predictor, asked, count, clients, seconds, everyone[0]))]
    context = multiprocessing.get_context(_FORK)
    started, told = [], []
    try:
        with held_back(STOPS):  # in those that are forked for good: the first one sees to it, whoever is told
            for share in everyone:
                share.clear()
                receives, sends = context.Pipe(duplex=False)
                told.append(receives)
                given = (sends, predictor, asked, count, clients, seconds, share)
                one = context.Process(target=_tell, args=given, daemon=True)
                one.start()
                started.append(one)
                sends.close()
        return [_found(one.recv()) for one in told]
    except EOFError:
        raise ServiceError("A process ended while it was measured, perhaps for want of memory.") from None
    finally:
        for one in started:
            one.kill()
            one.join()


def _tell(
    sends: "Connection",
    predictor: Predictor,
    asked: Asked,
    count: int,
    clients: int,
    seconds: float,
    share: Share,
) -> None:
    try:
        found = asyncio.run(_load(predictor, asked, count, clients, seconds, share))
    except TooFewThreads as error:
        sends.send(error)
    else:
        sends.send(_Found(found.milliseconds, found.throughput, own_bytes()))


def _found(told: _Found | TooFewThreads) -> _Found:
    if isinstance(told, TooFewThreads):
        raise told
    return told


async def _load(
    predictor: Predictor, asked: Asked, count: int, clients: int, seconds: float, share: Share
) -> _Found:
    """Clients ask again as soon as they are answered."""
    workers, times = Workers(predictor, count, waiting=clients * share.processes, share=share), list[float]()
    began = time.perf_counter()

    async def client() -> None:
        while True:
            start = time.perf_counter()
            with workers.admit() as turn:
                await turn.run(asked)
            times.append(1000 * (time.perf_counter() - start))
            if time.perf_counter() - began >= seconds:
                return

    try:
        await asyncio.gather(*(client() for _ in range(clients)))
        return _Found(times, len(times) / (time.perf_counter() - began))
    finally:
        workers.close()


def own_bytes(process: Path = Path("/proc/self")) -> int:
    """Memory that a process shares with no other. Without `smaps_rollup`, as in gVisor, what is no file's:
    that is more, where pages are as they were when the process was forked.
    """
    try:
        text = (process / "smaps_rollup").read_text(encoding="ascii")
    except OSError:
        _, resident, shared, *_ = (process / "statm").read_text(encoding="ascii").split()
        return os.sysconf("SC_PAGE_SIZE") * (int(resident) - int(shared))
    found = re.findall(r"^Private_\w+: +(\d+) kB", text, re.MULTILINE)
    return 1024 * sum(int(kilobytes) for kilobytes in found)
