"""What the service takes before and between requests: time to start, memory, CPU while nobody asks.

    python -m benchmarks.footprint [--python .venv/service/bin/python] [--starts 9] [--photo PHOTO]

Starts it again and again in an environment of its own, as a container does, with byte code at hand, in turns
with an interpreter that imports the same libraries and ends: the baseline. One more service is measured at
rest, under load and idle.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks import machine, records
from benchmarks.comparison.processes import Tree, inherited, started
from benchmarks.server import PACKAGES, Client, free_port, wait_until_ready
from training.console import say

LIBRARIES: Final = "fastapi, numpy, onnxruntime, PIL.Image, prometheus_client, pydantic, uvicorn"
CLIENTS: Final = 16


def main() -> None:
    """Measure and print a Markdown table."""
    own = Path(".venv/service/bin/python")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", type=Path, default=own if own.exists() else Path(sys.executable))
    parser.add_argument("--starts", type=int, default=9)
    parser.add_argument("--photo", type=Path, default=Path("examples/portrait.jpg"), help="photo of a face")
    parser.add_argument("--seconds", type=float, default=20.0, help="of load, and idle after it")
    parser.add_argument("--out", type=Path, default=records.FOLDER, help="for footprint.json")
    options = parser.parse_args()
    photo, python = options.photo.read_bytes(), str(options.python)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "service.log"
        say(f"{machine.describe(*PACKAGES)}; the service in {python}")
        say()
        say("| what | wanted | median | of all |")
        say("|---|---|---|---|")
        services, libraries = starts(python, options.starts, log)
        _row("libraries imported, s", "-", libraries, "{:.2f}")
        _row("service ready, s", "1.0", services, "{:.2f}")
        _row(
            "of the libraries' time", "-", [a / b for a, b in zip(services, libraries, strict=True)], "{:.2f}"
        )
        rest, loaded, idle = between_requests(python, photo, options.seconds, log)
    _row("memory at rest, MB", "-", [rest], "{:.0f}")
    _row(f"memory under load ({CLIENTS} clients, faces), MB", "220", loaded, "{:.0f}")
    _row("of a CPU while idle, %", "0.5", [100 * idle], "{:.2f}")
    middle = statistics.median
    measured = {"ready": middle(services), "libraries": middle(libraries), "loaded": middle(loaded)}
    records.keep(options.out, "footprint", *PACKAGES, rest=rest, idle=100 * idle, **measured)


def starts(python: str, number: int, log: Path) -> tuple[list[float], list[float]]:
    """Seconds until the service is ready, and until the libraries alone are imported, in turns."""
    services, libraries = [], []
    for turn in range(number + 1):
        begin = time.perf_counter()
        subprocess.run([python, "-c", f"import {LIBRARIES}"], check=True, env=inherited())
        libraries.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        with _service(python, log):
            services.append(time.perf_counter() - begin)
        if turn == 0:  # which wrote the byte code, and brought the files into memory
            services, libraries = [], []
    return services, libraries


def between_requests(
    python: str, photo: bytes, seconds: float, log: Path
) -> tuple[float, list[float], float]:
    """Megabytes at rest, megabytes every second under load, and the share of a CPU while nobody asks."""
    with _service(python, log) as (tree, port):
        time.sleep(2.0)
        rest, loaded = tree.memory(), []
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(_ask, port, photo, until) for _ in range(CLIENTS)]
            while time.monotonic() < until:
                time.sleep(1.0)
                loaded.append(tree.memory())
        for client in clients:
            client.result()
        time.sleep(2.0)
        return rest, loaded, tree.busy(seconds)


@contextmanager
def _service(python: str, log: Path) -> Iterator[tuple[Tree, int]]:
    """A service that is ready, and its port."""
    port = free_port()
    own = {"SERVICE_HOST": "127.0.0.1", "SERVICE_PORT": str(port), "SERVICE_WAITING": "64"}
    with started([python, "-m", "service"], inherited() | own, log) as tree:
        wait_until_ready(tree.process, port, lambda: f"It said: {tree.complaint()}")
        yield tree, port


def _ask(port: int, photo: bytes, until: float) -> None:
    client = Client(port)
    while time.monotonic() < until:
        status, answer = client.classify(photo, "region=auto")
        if status != 200:
            raise RuntimeError(f"Expected status 200. Received: {status} {answer}")
    client.close()


def _row(what: str, wanted: str, values: Sequence[float], form: str) -> None:
    show: Callable[[float], str] = form.format
    spread = f"{show(min(values))} to {show(max(values))}" if len(values) > 1 else ""
    say(f"| {what} | {wanted} | {show(statistics.median(values))} | {spread} |")


if __name__ == "__main__":
    main()
