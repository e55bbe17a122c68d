"""Which settings suit this machine: `python -m service tune [--photo FILE] [--seconds 60] [--write FILE]`.

Tries threads of an inference x images at the same time on the real models, decoding included. There is no
batch window to tune: requests are not batched across clients, which on a CPU gains less than it costs.
"""

import argparse
import itertools
import math
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service import cpus
from service.bundle import GOLDEN_FILE
from service.errors import ServiceError
from service.loading import load_predictor
from service.metadata import GoldenAnswers
from service.predictor import Predictor, Question
from service.settings import Settings

CLOSE_ENOUGH = 0.97
"""Share of the best throughput that is as good as the best: a short measurement cannot tell them apart."""
WORST_PICTURE = 8
"""Bytes a pixel of the costliest picture while it is decoded; docs/operations.md, "Memory"."""
HEADROOM = 1.25


@dataclass(frozen=True)
class Trial:
    """One combination and what it gave."""

    threads: int
    workers: int
    throughput: float
    """Photos a second."""
    p50: float
    """Milliseconds a photo, as is `p99`."""
    p99: float


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; returns the exit code. Raises InvalidBundle and ValidationError."""
    options = _parser().parse_args(arguments)
    settings, available = Settings(), cpus.available()
    counts = candidates(available)
    pairs = [(threads, workers) for threads in counts for workers in counts]
    try:
        data = options.photo.read_bytes() if options.photo else None
        trials = list(_trials(settings, pairs, options.seconds / len(pairs), data))
        best = choose(trials)
        text = environment(best)
        sys.stdout.write(f"{table(trials)}\n\n{text}\n{limits(settings, best, available, peak_bytes())}")
        if options.write:
            options.write.write_text(text, encoding="ascii")
    except (OSError, ServiceError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service tune", description=__doc__)
    parser.add_argument("--photo", type=Path, help="a typical photo; the model's own golden photo otherwise")
    parser.add_argument(
        "--seconds", type=_positive, default=60.0, help="time to measure for, loading besides"
    )
    parser.add_argument("--write", type=Path, help="file for the settings, such as .env, which Compose reads")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"expected seconds over 0 and up to 3600. Received: {text}.")
    return value


def candidates(available: int) -> list[int]:
    """Powers of two up to the CPUs, and the CPUs."""
    return sorted({2**power for power in range(available.bit_length())} | {available})


def _trials(
    settings: Settings, pairs: list[tuple[int, int]], seconds: float, data: bytes | None
) -> Iterator[Trial]:
    for threads, same in itertools.groupby(pairs, key=lambda pair: pair[0]):
        predictor = load_predictor(settings.model_copy(update={"threads": threads}))
        photo = data or _golden_photo(predictor)
        for _, workers in same:
            yield measure(predictor, photo, threads, workers, seconds)


def _golden_photo(predictor: Predictor) -> bytes:
    path = predictor.models.get(None).folder / GOLDEN_FILE
    return (path.parent / GoldenAnswers.read(path).answers[0].file).read_bytes()


def measure(predictor: Predictor, photo: bytes, threads: int, workers: int, seconds: float) -> Trial:
    """Classify `photo` on `workers` threads for `seconds`; raises ServiceError where it cannot be."""
    question = Question(region="whole")
    predictor.classify(photo, question)
    began = time.perf_counter()

    def work() -> list[float]:
        times: list[float] = []
        while not times or time.perf_counter() - began < seconds:
            start = time.perf_counter()
            predictor.classify(photo, question)
            times.append(1000 * (time.perf_counter() - start))
        return times

    with ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(work) for _ in range(workers)]
        times = [value for future in running for value in future.result()]
    throughput = len(times) / (time.perf_counter() - began)
    return Trial(threads, workers, throughput, *(float(np.percentile(times, share)) for share in (50, 99)))


def choose(trials: list[Trial]) -> Trial:
    """The lowest 99th percentile among those that reach about the best throughput."""
    best = max(trial.throughput for trial in trials)
    return min((trial for trial in trials if trial.throughput >= CLOSE_ENOUGH * best), key=lambda t: t.p99)


def table(trials: list[Trial]) -> str:
    """All trials as a table for people."""
    lines = ["threads  workers  photos/s  p50 ms  p99 ms"]
    lines += [
        f"{t.threads:7}  {t.workers:7}  {t.throughput:8.1f}  {t.p50:6.1f}  {t.p99:6.1f}" for t in trials
    ]
    return "\n".join(lines)


def environment(best: Trial) -> str:
    """The settings that follow, one `NAME=value` a line."""
    return f"SERVICE_THREADS={best.threads}\nSERVICE_WORKERS={best.workers}\n"


def limits(settings: Settings, best: Trial, available: int, peak: int) -> str:
    """Limits for Compose and Kubernetes: the CPUs measured on, and memory for the costliest pictures."""
    pictures = best.workers * settings.max_pixels * WORST_PICTURE
    wanted = HEADROOM * peak + pictures + settings.max_buffered_bytes
    memory = 64 * math.ceil(wanted / 2**20 / 64)
    cpu = min(available, best.threads * best.workers)
    return (
        f'# Compose\ncpus: "{cpu}"\nmem_limit: {memory}m\n\n'
        f'# Kubernetes\nresources:\n  requests: {{cpu: "{cpu}", memory: {memory}Mi}}\n'
        f'  limits: {{cpu: "{cpu}", memory: {memory}Mi}}\n'
    )


def peak_bytes() -> int:
    """Most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
