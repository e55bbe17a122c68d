"""ONNX Runtime in a loop, without a server: what the machine can do at most.

    BENCHMARK_MODEL=model.onnx python -m benchmarks.comparison.raw SECONDS arrays|fours|photos PHOTO...
    BENCHMARK_MODEL=model.onnx python -m benchmarks.comparison.raw turns PHOTO...

One client uses all CPUs for each picture; two and more classify one picture per CPU. `fours` classifies four
at a time, as this service does of a light network while many wait. Prints JSON; with `turns` a line of it,
one picture per CPU, for each line `KIND SECONDS` that it reads.
"""

import json
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.comparison.processes import proportional_memory
from benchmarks.comparison.servers.model import Model
from service.machine import cpus
from service.networks.classifier import INPUT, OUTPUT
from service.pictures.geometry import RGB
from service.pictures.regions import read_whole
from training.console import say

KINDS: Final = {"arrays": (False, 1), "fours": (False, 4), "photos": (True, 1)}
"""Whether photos are decoded each time, and how many pictures one inference has."""


@cache
def arrays(photos: tuple[bytes, ...], size: int, together: int) -> list[RGB]:
    """The photos as batches of so many, uint8 `[together, size, size, 3]`."""
    return [np.repeat(read_whole(photo, size)[None], together, axis=0) for photo in photos]


def loop(model: Model, photos: tuple[bytes, ...], kind: str, seconds: float, offset: int) -> list[float]:
    """Classify one photo after the other for so long, from `offset` on; seconds of each picture."""
    decode, together = KINDS[kind]
    batches = arrays(photos, model.size, together)
    latencies: list[float] = []
    turn = offset
    until = time.perf_counter() + seconds
    while (start := time.perf_counter()) < until:
        number, turn = turn % len(photos), turn + 1
        pixels = read_whole(photos[number], model.size)[None] if decode else batches[number]
        model.session.run([OUTPUT], {INPUT: pixels})
        latencies += [time.perf_counter() - start] * together
    return latencies


def side_by_side(
    model: Model, photos: tuple[bytes, ...], kind: str, count: int, seconds: float
) -> dict[str, Any]:
    """So many loops at a time: the seconds they took, those of each picture, CPU time and memory (MB)."""
    found: list[list[float]] = [[] for _ in range(count)]

    def one(number: int) -> None:
        found[number] = loop(model, photos, kind, seconds, number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    start, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "seconds": time.perf_counter() - start,
        "latencies": [value for row in found for value in row],
        "cpu_seconds": time.process_time() - cpu,
        "memory": proportional_memory(["self"]),
    }


def measure(photos: tuple[bytes, ...], kind: str, clients: int, seconds: float) -> dict[str, Any]:
    """One step: so many loops side by side, at most one per CPU."""
    at_once = min(clients, cpus.available())
    model = Model(threads=cpus.available() // at_once)
    loop(model, photos, kind, min(1.0, seconds / 4), 0)
    return side_by_side(model, photos, kind, at_once, seconds) | {"clients": clients}


def take_turns(photos: tuple[bytes, ...]) -> None:
    """Measure whenever a line says so."""
    model = Model(threads=1)
    for line in sys.stdin:
        kind, seconds = line.split()
        say(json.dumps(side_by_side(model, photos, kind, cpus.available(), float(seconds))))


def main() -> None:
    """Do what the command line says."""
    what, *rest = sys.argv[1:]
    if what == "turns":
        take_turns(_read(rest))
    else:
        photos, kind = _read(rest[1:]), rest[0]
        say(json.dumps([measure(photos, kind, clients, float(what)) for clients in (1, 2)]))


def _read(paths: list[str]) -> tuple[bytes, ...]:
    return tuple(Path(path).read_bytes() for path in paths)


if __name__ == "__main__":
    main()
