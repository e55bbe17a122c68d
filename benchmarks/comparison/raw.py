"""ONNX Runtime in a loop, without a server: what the machine can do at most.

    BENCHMARK_MODEL=model.onnx python -m benchmarks.comparison.raw SECONDS arrays|fours|photos PHOTO...

One client uses all CPUs for each picture; two and more classify one picture per CPU. `fours` classifies four
at a time, as this service does of a light network while many wait. Prints JSON.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.comparison.processes import proportional_memory
from benchmarks.comparison.servers.model import Model
from service import cpus
from service.classifier import INPUT, OUTPUT
from service.regions import read_whole

KINDS: Final = {"arrays": (False, 1), "fours": (False, 4), "photos": (True, 1)}
"""Whether photos are decoded each time, and how many pictures one inference has."""


def loop(model: Model, photos: list[bytes], kind: str, seconds: float, offset: int) -> list[float]:
    """Classify for so long; seconds of each picture."""
    decode, together = KINDS[kind]
    arrays = [np.repeat(read_whole(photo, model.size)[None], together, axis=0) for photo in photos]
    latencies: list[float] = []
    until = time.perf_counter() + seconds
    while (start := time.perf_counter()) < until:
        number = (offset + len(latencies)) % len(photos)
        pixels = read_whole(photos[number], model.size)[None] if decode else arrays[number]
        model.session.run([OUTPUT], {INPUT: pixels})
        latencies += [time.perf_counter() - start] * together
    return latencies


def measure(photos: list[bytes], kind: str, clients: int, seconds: float) -> dict[str, Any]:
    """One step: so many loops side by side, at most one per CPU."""
    at_once = min(clients, cpus.available())
    model = Model(threads=cpus.available() // at_once)
    loop(model, photos, kind, min(1.0, seconds / 4), 0)
    found: list[list[float]] = [[] for _ in range(at_once)]

    def one(number: int) -> None:
        found[number] = loop(model, photos, kind, seconds, number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(at_once)]
    start, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "clients": clients,
        "seconds": time.perf_counter() - start,
        "latencies": [value for row in found for value in row],
        "cpu_seconds": time.process_time() - cpu,
        "memory": proportional_memory(["self"]),
    }


if __name__ == "__main__":
    given = [Path(path).read_bytes() for path in sys.argv[3:]]
    steps = [measure(given, sys.argv[2], clients, float(sys.argv[1])) for clients in (1, 2)]
    sys.stdout.write(json.dumps(steps) + "\n")
