"""Which settings suit this machine: `python -m service tune [--photo FILE] [--seconds 60] [--write FILE]`.

Tries threads of an inference x workers x pictures that an inference classifies at once, on the real models
and in as many processes as the service has, decoding included: first with one photo at a time, then with a
full house. There is no batch window to tune: who waits anyway is taken along, and nobody waits for company.
"""

import argparse
import itertools
import math
import os
import re
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from service.answering.predictor import Predictor
from service.commas import split
from service.errors import ServiceError
from service.lifecycle.loading import load_predictor
from service.lifecycle.opening import runtime
from service.machine import cpus, threads
from service.networks.bundle import GOLDEN_FILE
from service.networks.metadata import GoldenAnswers
from service.networks.runtime import CPU
from service.processes import shares
from service.processes.forking import STOPS
from service.processes.shares import Share
from service.settings import Settings
from service.tuning.trials import Choice, Trial, measure

CLOSE_ENOUGH = 0.97
"""Share of the best throughput that is as good as the best: a short measurement cannot tell them apart."""
WORST_PICTURE = 8
"""Bytes a pixel of the costliest picture while it is decoded; docs/operations.md, "Memory"."""
HEADROOM = 1.25
BORROWING: Final = 1.75
"""Most workers of several processes at a time, as a multiple of those that are set: some may have been lent
just before their own process needs them."""
AT_ONCE: Final = (1, 2, 4)
AT_ONCE_ACCELERATED: Final = (1, 8, 32)
"""The same where something else than a CPU computes."""
SIGNALLED: Final = 128
"""What shells expect of a program that a signal ended, and the signal's number besides."""
# An assignment of a `.env` file, to the end of its line: what is in quotes may go over several lines.
_ASSIGNMENT: Final = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*(?:"(?:\\.|[^"\\])*"|'[^']*')?[^\n]*(?:\n|\Z)""",
    re.MULTILINE | re.DOTALL,
)


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write; returns the exit code. Raises ValidationError and TooFewThreads."""
    options = _parser().parse_args(arguments)
    settings, available = Settings.of(os.environ), cpus.available()
    processes = len(_everyone(settings))
    choices = candidates(available, split(settings.providers) == (CPU,), processes)
    threads.make_room(_threads(settings, choices, processes))
    trials = list[Trial]()
    try:
        for number in STOPS:  # the processes that measure have to end too
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _interrupt)
        data = options.photo.read_bytes() if options.photo else None
        trials.extend(_trials(settings, choices, options.seconds / len(choices), data))
        best = choose(trials).choice
        text = environment(best)
        sys.stdout.write(
            f"{table(trials)}\n\n{text}\n{limits(settings, best, available, peak_bytes(trials), processes)}"
        )
        if options.write:
            _write(options.write, text)
    except (OSError, ServiceError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt as interrupt:
        sys.stdout.write(f"{table(trials)}\n" if trials else "")
        sys.stderr.write(f"Interrupted after {len(trials)} of {len(choices)} choices.\n")
        return SIGNALLED + (interrupt.args[0] if interrupt.args else signal.SIGINT)
    return 0


def _interrupt(number: int, _: object) -> None:
    raise KeyboardInterrupt(number)


def _write(path: Path, text: str) -> None:
    """Set these settings in a file; whatever else is in it stays, the way that its lines end as well.

    Raises OSError; the file is as it was then, as far as the disk lets it.
    """
    names = {line.partition("=")[0] for line in text.splitlines()}
    content = path.read_bytes() if path.exists() else b""
    before = content.decode("utf-8", "surrogateescape")
    kept = _ASSIGNMENT.sub(lambda found: "" if found[1] in names else found[0], before)
    end = "\r\n" if "\r\n" in before else "\n"
    missing = end if kept and not kept.endswith("\n") else ""
    try:
        path.write_bytes((kept + missing + text.replace("\n", end)).encode("utf-8", "surrogateescape"))
    except OSError as error:
        with suppress(OSError):
            path.write_bytes(content)
        raise OSError(error.errno, error.strerror, str(path)) from None


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
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"expected seconds over 0 and up to 3600. Received: {text}.")
    return value


def _writable(text: str) -> Path:
    path = Path(text)
    # What is there is read first: a device or a pipe may never end.
    place, fits = (path, path.is_file()) if path.exists() else (path.parent, path.parent.is_dir())
    if not fits or not os.access(place, os.W_OK):
        raise argparse.ArgumentTypeError(f"expected a file that this user may write. Received: {text}.")
    return path


def candidates(available: int, only_cpu: bool = True, processes: int = 1) -> list[Choice]:
    """Every combination; threads and workers are powers of two up to the CPUs, and the CPUs.

    Threads may be 0 too, which is what the service has by itself: as many as there is use for. Several
    processes have one thread each or that, and a worker each or two.
    """
    if processes > 1:
        workers = sorted({max(processes, available), 2 * max(processes, available)})
        return [Choice(*one) for one in itertools.product((0, 1), workers, AT_ONCE)]
    counts = sorted({2**power for power in range(available.bit_length())} | {available})
    at_once = AT_ONCE if only_cpu else AT_ONCE_ACCELERATED
    return [
        Choice(each, workers, pictures)
        for each, pictures, workers in itertools.product([0, *counts], at_once, counts)
    ]


def _trials(settings: Settings, choices: list[Choice], seconds: float, data: bytes | None) -> Iterator[Trial]:
    everyone = _everyone(settings)
    for (count, at_once), same in itertools.groupby(choices, lambda choice: (choice.threads, choice.at_once)):
        tried = settings.model_copy(update={"threads": count, "at_once": at_once})
        predictor = load_predictor(tried, runtime(tried, everyone[0]))
        photo = data or _golden_photo(predictor)
        for choice in same:
            yield measure(predictor, photo, choice, seconds, everyone)


def _everyone(settings: Settings) -> Sequence[Share]:
    """The processes of the service, with threads and workers as it chooses them itself."""
    chosen = settings.model_copy(update={"threads": 0, "workers": 0})
    count = shares.processes(chosen) if shares.can_share_sessions(chosen) else 1
    return Share.all(count) if count > 1 else [Share()]


def _threads(settings: Settings, choices: Sequence[Choice], processes: int) -> int:
    most = {
        "threads": max(choice.threads for choice in choices),
        "workers": max(choice.workers for choice in choices),
    }
    return shares.threads_together(settings.model_copy(update=most), processes)


def _golden_photo(predictor: Predictor) -> bytes:
    path = predictor.models.get(None).folder / GOLDEN_FILE
    return (path.parent / GoldenAnswers.read(path).answers[0].file).read_bytes()


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


def limits(settings: Settings, best: Choice, available: int, peak: int, processes: int = 1) -> str:
    """Limits for Compose and Kubernetes: the CPUs measured on, and memory for the costliest pictures."""
    at_a_time = best.workers if processes == 1 else math.ceil(BORROWING * best.workers)
    pictures = at_a_time * settings.max_pixels * WORST_PICTURE
    wanted = HEADROOM * peak + pictures + settings.max_buffered_bytes
    memory = 64 * math.ceil(wanted / 2**20 / 64)
    cpu = min(available, (best.threads or available) * best.workers)
    return (
        f'# Compose\ncpus: "{cpu}"\nmem_limit: {memory}m\n\n'
        f'# Kubernetes\nresources:\n  requests: {{cpu: "{cpu}", memory: {memory}Mi}}\n'
        f'  limits: {{cpu: "{cpu}", memory: {memory}Mi}}\n'
    )


def peak_bytes(trials: Sequence[Trial]) -> int:
    """Most memory that was taken at a time."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (peak if sys.platform == "darwin" else 1024 * peak) + max(trial.memory for trial in trials)
