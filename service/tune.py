"""Which settings suit this machine: `python -m service tune [--photo FILE] [--seconds 60] [--write FILE]`.

Tries threads of an inference x workers x pictures that an inference classifies at once, on the real models,
decoding included: first with one photo at a time, then with a full house. There is no batch window to tune:
who waits anyway is taken along, and nobody waits for company.
"""

import argparse
import asyncio
import itertools
import math
import os
import re
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from service import cpus
from service.bundle import GOLDEN_FILE
from service.errors import ServiceError
from service.loading import load_predictor
from service.metadata import GoldenAnswers
from service.predictor import Asked, Predictor
from service.prepared import Question
from service.runtime import CPU
from service.settings import Settings, split
from service.workers import Workers

CLOSE_ENOUGH = 0.97
"""Share of the best throughput that is as good as the best: a short measurement cannot tell them apart."""
WORST_PICTURE = 8
"""Bytes a pixel of the costliest picture while it is decoded; docs/operations.md, "Memory"."""
HEADROOM = 1.25
FULL_HOUSE: Final = 8
"""Photos there at a time, for each CPU, when the service is busy."""
AT_ONCE: Final = (1, 2, 4)
AT_ONCE_ACCELERATED: Final = (1, 8, 32)
"""The same where something else than a CPU computes."""
INTERRUPTED: Final = 130
"""What shells expect of a program that ended on Ctrl-C."""
# An assignment of a `.env` file, to the end of its line: what is in quotes may go over several lines.
_ASSIGNMENT: Final = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:"(?:\\.|[^"\\])*"|'[^']*')?[^\n]*(?:\n|\Z)""",
    re.MULTILINE | re.DOTALL,
)


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


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; returns the exit code. Raises InvalidBundle and ValidationError."""
    options = _parser().parse_args(arguments)
    settings, available = Settings(), cpus.available()
    choices = candidates(available, split(settings.providers) == (CPU,))
    trials = list[Trial]()
    try:
        data = options.photo.read_bytes() if options.photo else None
        trials.extend(_trials(settings, choices, options.seconds / len(choices), data))
        best = choose(trials).choice
        text = environment(best)
        sys.stdout.write(f"{table(trials)}\n\n{text}\n{limits(settings, best, available, peak_bytes())}")
        if options.write:
            _write(options.write, text)
    except (OSError, ServiceError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stdout.write(f"{table(trials)}\n" if trials else "")
        sys.stderr.write(f"Interrupted after {len(trials)} of {len(choices)} choices.\n")
        return INTERRUPTED
    return 0


def _write(path: Path, text: str) -> None:
    """Set these settings in a file; whatever else is in it stays, the way that its lines end as well."""
    names = {line.partition("=")[0] for line in text.splitlines()}
    before = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
    kept = _ASSIGNMENT.sub(lambda found: "" if found[1] in names else found[0], before)
    end = "\r\n" if "\r\n" in before else "\n"
    missing = end if kept and not kept.endswith("\n") else ""
    path.write_bytes((kept + missing + text.replace("\n", end)).encode("utf-8", "surrogateescape"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service tune", description=__doc__)
    parser.add_argument("--photo", type=Path, help="a typical photo; the model's own golden photo otherwise")
    parser.add_argument(
        "--seconds", type=_positive, default=60.0, help="time to measure for, loading besides"
    )
    parser.add_argument(
        "--write", type=_writable, help="file for the settings, such as .env, which Compose reads"
    )
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"expected seconds over 0 and up to 3600. Received: {text}.")
    return value


def _writable(text: str) -> Path:
    path = Path(text)
    place = path if path.exists() else path.parent
    if path.is_dir() or not path.parent.is_dir() or not os.access(place, os.W_OK):
        raise argparse.ArgumentTypeError(f"expected a file that this user may write. Received: {text}.")
    return path


def candidates(available: int, only_cpu: bool = True) -> list[Choice]:
    """Every combination; threads and workers are powers of two up to the CPUs, and the CPUs.

    Threads may be 0 too, which is what the service has by itself: as many as there is use for.
    """
    counts = sorted({2**power for power in range(available.bit_length())} | {available})
    at_once = AT_ONCE if only_cpu else AT_ONCE_ACCELERATED
    return [
        Choice(threads, workers, pictures)
        for threads, pictures, workers in itertools.product([0, *counts], at_once, counts)
    ]


def _trials(settings: Settings, choices: list[Choice], seconds: float, data: bytes | None) -> Iterator[Trial]:
    for (threads, at_once), same in itertools.groupby(
        choices, lambda choice: (choice.threads, choice.at_once)
    ):
        predictor = load_predictor(settings.model_copy(update={"threads": threads, "at_once": at_once}))
        photo = data or _golden_photo(predictor)
        for choice in same:
            yield measure(predictor, photo, choice, seconds)


def _golden_photo(predictor: Predictor) -> bytes:
    path = predictor.models.get(None).folder / GOLDEN_FILE
    return (path.parent / GoldenAnswers.read(path).answers[0].file).read_bytes()


def measure(predictor: Predictor, photo: bytes, choice: Choice, seconds: float) -> Trial:
    """Classify `photo` for a quarter of `seconds` on its own, then in a full house.

    Raises ServiceError where it cannot be classified.
    """
    asked = Asked(photo, Question(region="whole"))
    alone, _ = asyncio.run(_load(predictor, asked, choice.workers, 1, seconds / 4))
    clients = FULL_HOUSE * cpus.available()
    times, throughput = asyncio.run(_load(predictor, asked, choice.workers, clients, 3 * seconds / 4))
    return Trial(choice, float(np.median(alone)), throughput, float(np.percentile(times, 99)))


async def _load(
    predictor: Predictor, asked: Asked, count: int, clients: int, seconds: float
) -> tuple[list[float], float]:
    """Milliseconds of each photo and photos a second; clients ask again as soon as they are answered."""
    workers, times = Workers(predictor, count, waiting=clients), list[float]()
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
        return times, len(times) / (time.perf_counter() - began)
    finally:
        workers.close()


def choose(trials: list[Trial]) -> Trial:
    """The quickest for a photo on its own among those that reach about the best throughput."""
    best = max(trial.throughput for trial in trials)
    return min((trial for trial in trials if trial.throughput >= CLOSE_ENOUGH * best), key=lambda t: t.alone)


def table(trials: list[Trial]) -> str:
    """All trials as a table for people."""
    lines = ["threads  workers  at once  alone ms  photos/s  p99 ms"]
    lines += [
        f"{t.choice.threads:7}  {t.choice.workers:7}  {t.choice.at_once:7}  {t.alone:8.1f}  "
        f"{t.throughput:8.1f}  {t.p99:6.1f}"
        for t in trials
    ]
    return "\n".join(lines)


def environment(best: Choice) -> str:
    """The settings that follow, one `NAME=value` a line."""
    return f"SERVICE_THREADS={best.threads}\nSERVICE_WORKERS={best.workers}\nSERVICE_AT_ONCE={best.at_once}\n"


def limits(settings: Settings, best: Choice, available: int, peak: int) -> str:
    """Limits for Compose and Kubernetes: the CPUs measured on, and memory for the costliest pictures."""
    pictures = best.workers * settings.max_pixels * WORST_PICTURE
    wanted = HEADROOM * peak + pictures + settings.max_buffered_bytes
    memory = 64 * math.ceil(wanted / 2**20 / 64)
    cpu = min(available, (best.threads or available) * best.workers)
    return (
        f'# Compose\ncpus: "{cpu}"\nmem_limit: {memory}m\n\n'
        f'# Kubernetes\nresources:\n  requests: {{cpu: "{cpu}", memory: {memory}Mi}}\n'
        f'  limits: {{cpu: "{cpu}", memory: {memory}Mi}}\n'
    )


def peak_bytes() -> int:
    """Most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
