"""Soak the real service: `python -m benchmarks.soak --minutes 10` on the default model.

First one client alone, for the unloaded latency. Then twice as many clients as the service has places
(running and waiting), each with a mix of good and bad uploads, for the given time: every answer must be the
promised one, and memory must not grow. A client that is refused with 503 waits `--pause` seconds, which is
less than the `Retry-After` that it is told.
"""

import argparse
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import numpy as np

from benchmarks.comparison.processes import proportional_memory
from benchmarks.machine import describe
from benchmarks.percentiles import percentile
from service.machine import cpus
from tests.processes import Process
from tests.several import children
from tests.uploads import bomb, long_gif, noise, picture, text_bomb

_SAMPLE_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Upload:
    """One request of the mix, and the answers that are promised for it (503 is always one under load)."""

    name: str
    path: str
    files: list[tuple[str, bytes]]
    statuses: tuple[int, ...]
    weight: int


@dataclass
class Seen:
    """What the clients saw; appended to by several threads."""

    latencies: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    rejections: list[float] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)

    def answered(self, upload: Upload, status: int, seconds: float) -> None:
        """Count one answer."""
        self.statuses[upload.name, status] += 1
        if status == 503:
            self.rejections.append(seconds)
        elif status in upload.statuses:
            self.latencies.setdefault(upload.name, []).append(seconds)
        else:
            self.surprises.append(f"{upload.name}: {status}")


def mix(photo: bytes) -> list[Upload]:
    """Good and bad uploads; `photo` is of a face."""
    one, many = "/v1/classify", "/v1/classify/batch"
    return [
        Upload("photo", one, [("image", photo)], (200,), 60),
        Upload("whole", f"{one}?region=whole", [("image", photo)], (200,), 20),
        Upload("batch of 8", f"{many}?region=whole", [("images", photo)] * 8, (200,), 2),
        Upload("empty", one, [("image", b"")], (422,), 3),
        Upload("text", one, [("image", b"hello" * 1000)], (415,), 3),
        Upload("truncated", one, [("image", noise(300, "JPEG")[:9000])], (422,), 3),
        Upload("bomb", one, [("image", bomb())], (413,), 3),
        Upload("text bomb", one, [("image", text_bomb())], (422,), 1),
        Upload("long GIF", f"{one}?region=whole", [("image", long_gif(5000))], (200,), 1),
        Upload("wrong field", one, [("photo", picture())], (422,), 2),
        Upload("too many", one, [("image", picture())] * 3, (413,), 1),
        Upload("too large", one, [("image", bytes(21_000_000))], (413,), 1),
    ]


def ask(address: str, uploads: list[Upload], seen: Seen, until: float, seed: int, pause: float) -> None:
    """One client that asks again and again until a moment in time."""
    rng = random.Random(seed)
    weights = [upload.weight for upload in uploads]
    with httpx.Client(base_url=address, timeout=60) as client:
        while time.monotonic() < until:
            upload = rng.choices(uploads, weights)[0]
            start = time.perf_counter()
            try:
                response = client.post(upload.path, files=upload.files)
            except httpx.TransportError as error:
                seen.surprises.append(f"{upload.name}: {type(error).__name__}: {error}")
                continue
            seen.answered(upload, response.status_code, time.perf_counter() - start)
            if response.status_code == 503 and pause:
                time.sleep(pause * rng.uniform(0.5, 1.5))


def resident(process: Process) -> float:
    """Megabytes of a process and its children that are in RAM; what they share counts once."""
    return proportional_memory(map(str, [process.process.pid, *children(process)]))


def load(
    process: Process, address: str, uploads: list[Upload], clients: int, seconds: float, pause: float
) -> tuple[Seen, list[float]]:
    """Let so many clients ask for so long; returns what they saw, and the memory, sampled."""
    seen, memory = Seen(), []
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=ask, args=(address, uploads, seen, until, seed, pause))
        for seed in range(clients)
    ]
    for thread in threads:
        thread.start()
    while time.monotonic() < until:
        memory.append(resident(process))
        time.sleep(_SAMPLE_SECONDS)
    for thread in threads:
        thread.join()
    return seen, memory


def late(seconds: list[float], share: float) -> float:
    """A percentile in milliseconds."""
    return 1000 * percentile(seconds, share)


def report(alone: Seen, together: Seen, memory: list[float], seconds: float) -> bool:
    """Print what was measured; returns whether every promise held."""
    write = sys.stdout.write
    write("upload        unloaded p50/p99 ms   loaded p50/p99 ms   answers by status\n")
    for name in sorted({name for name, _ in together.statuses}):
        before, loaded = alone.latencies.get(name, []), together.latencies.get(name, [])
        write(
            f"{name:12} {late(before, 50):9.1f} {late(before, 99):9.1f} "
            f"{late(loaded, 50):11.1f} {late(loaded, 99):9.1f}   {_counts(together, name)}\n"
        )
    everything = [value for values in together.latencies.values() for value in values]
    before = [value for values in alone.latencies.values() for value in values]
    worst = late(everything, 99) / late(before, 99)
    write(f"all: unloaded p99 {late(before, 99):.0f} ms, loaded p99 {late(everything, 99):.0f} ms")
    write(f", ratio {worst:.2f}; {len(everything) / seconds:.1f} answers/s\n")
    refused = together.rejections
    write(f"503: {len(refused)}, p50 {late(refused, 50):.1f} ms, p99 {late(refused, 99):.1f} ms\n")
    settled = min(60, len(memory) // 3)
    first, last = float(np.median(memory[settled : settled + 30])), float(np.median(memory[-30:]))
    growth = (last / first - 1) * 100
    write(f"memory: {first:.0f} MB after {settled * _SAMPLE_SECONDS:.0f} seconds, {last:.0f} MB at the end ")
    write(f"({growth:+.1f} %), highest {max(memory):.0f} MB\n")
    surprises = Counter(alone.surprises + together.surprises)
    write(f"answers that were not promised: {dict(surprises) or 'none'}\n")
    return not surprises and growth < 5 and worst < 4


def _counts(seen: Seen, name: str) -> str:
    """How often an upload was answered with each status."""
    counts = sorted((status, count) for (of, status), count in seen.statuses.items() if of == name)
    return ", ".join(f"{status}: {count}" for status, count in counts)


def main() -> int:
    """Run; returns 1 where a promise was broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--photo", type=Path, default=Path("examples/portrait.jpg"), help="of a face")
    parser.add_argument("--model", default="eye-shape")
    parser.add_argument("--models", default="models")
    parser.add_argument(
        "--pause", type=float, default=0.2, help="seconds a client waits after a 503; 0: none"
    )
    arguments = parser.parse_args()
    uploads = mix(arguments.photo.read_bytes())
    seconds = arguments.minutes * 60
    process = Process({"models": arguments.models, "model": arguments.model, "processes": 0})
    try:
        address = f"http://127.0.0.1:{process.wait_until_listening()}"
        places = 2 * cpus.available()
        load(process, address, uploads, 1, 5, 0)
        alone, _ = load(process, address, uploads, 1, min(60.0, seconds / 4), 0)
        together, memory = load(process, address, uploads, 2 * places, seconds, arguments.pause)
    finally:
        code = process.stop()
    sys.stdout.write(f"{describe('onnxruntime', 'pillow', 'uvicorn')}, {2 * places} clients, exit {code}\n")
    return 0 if report(alone, together, memory, seconds) and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
