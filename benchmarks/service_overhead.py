"""What HTTP, multipart and JSON cost on top of decoding and inference, at one client.

    python -m benchmarks.service_overhead --photo examples/eye.jpg

Overhead of a request = time from sending it to having read the answer, less the decode and inference times
that the answer itself reports. Raw ONNX Runtime classifies the same pixels in the same run as the baseline.
Then what the service is asked with a model of eyes, by what has to be found first, in turns.
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from PIL import ExifTags, Image

from benchmarks import machine, records
from benchmarks.decoding import QUALITY, phone_photo
from benchmarks.server import PACKAGES, Client, running
from service.machine import cpus
from service.networks import bundle
from service.networks.folders import newest
from service.networks.runtime import Runtime
from service.pictures.regions import read_whole
from training.console import say

QUARTER_TURN: Final = 6
"""The Exif orientation of what most phones store that are held upright."""


@dataclass(frozen=True)
class Question:
    """What the service is asked about a photo; `every` so many turns, as some take long."""

    name: str
    photo: str
    query: str
    read: Callable[[], bytes]
    every: int = 1


def _example(name: str, photo: str, query: str) -> Question:
    return Question(name, f"`{photo}`", query, Path(photo).read_bytes)


def turned_photo() -> bytes:
    """The same as `phone_photo` shows, as a phone stores it that is held upright."""
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[ExifTags.Base.Orientation] = QUARTER_TURN
    with Image.open(io.BytesIO(phone_photo())) as photo:
        photo.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", quality=QUALITY, exif=exif)
    return buffer.getvalue()


QUESTIONS: Final = (
    _example("one eye, cut out already", "examples/eye.jpg", "region=whole"),
    _example("one eye from near", "examples/eye.jpg", "region=auto"),
    _example("both eyes of a face", "examples/portrait.jpg", "region=auto"),
    Question("both eyes in a phone's photo", "12 megapixels, 3 MB", "region=auto", phone_photo, every=5),
    Question("the same, held upright", "turned by its Exif", "region=auto", turned_photo, every=5),
)
STAGES: Final = ("decode", "locate", "inference")


@dataclass(frozen=True)
class Run:
    """Medians of one run in milliseconds."""

    request: float
    decode: float
    inference: float
    overhead: float
    raw: float


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--model", default="eye-shape")
    parser.add_argument("--photo", type=Path, default=Path("examples/eye.jpg"))
    parser.add_argument("--requests", type=int, default=100, help="requests per run")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path, default=records.FOLDER, help="for overhead.json")
    options = parser.parse_args()
    photo = options.photo.read_bytes()
    loaded = bundle.load(newest(options.models, options.model), Runtime(cpus.available()))
    with running(models=str(options.models), model=options.model) as port:
        client = Client(port)
        measure(client, loaded, photo, 10)
        runs = [measure(client, loaded, photo, options.requests) for _ in range(options.runs)]
        asked = ask(client, options.requests) if loaded.metadata.crop else None
        client.close()
    report(runs, options.requests)
    if asked:
        report_questions(asked)
    medians = {one.name: statistics.median(getattr(run, one.name) for run in runs) for one in fields(Run)}
    records.keep(options.out, "overhead", *PACKAGES, **medians)


def measure(client: Client, loaded: bundle.Bundle, photo: bytes, requests: int) -> Run:
    """Alternate requests and raw inference, so that both meet the same moods of the machine."""
    pixels = read_whole(photo, loaded.classifier.input_size)[None]
    samples: list[tuple[float, float, float, float]] = []
    for _ in range(requests):
        request, stages = timed(client, photo)
        start = time.perf_counter()
        loaded.classifier.probabilities(pixels)
        raw = (time.perf_counter() - start) * 1000
        samples.append((request, stages["decode"], stages["inference"], raw))
    overhead = statistics.median(request - decode - inference for request, decode, inference, _ in samples)
    request, decode, inference, raw = (statistics.median(column) for column in zip(*samples, strict=True))
    return Run(request, decode, inference, overhead, raw)


def timed(client: Client, photo: bytes, query: str = "region=whole") -> tuple[float, dict[str, float]]:
    """Milliseconds of a request, and those of the stages that its answer tells; raises RuntimeError."""
    start = time.perf_counter()
    status, answer = client.classify(photo, query)
    request = (time.perf_counter() - start) * 1000
    if status != 200:
        raise RuntimeError(f"Expected status 200. Received: {status} {answer}")
    return request, answer["milliseconds"]


def ask(client: Client, requests: int) -> list[list[float]]:
    """Medians for each of QUESTIONS: milliseconds of the request, and of the stages that its answer tells."""
    photos = [question.read() for question in QUESTIONS]
    samples: list[list[list[float]]] = [[] for _ in QUESTIONS]
    for turn in range(requests):
        for question, photo, rows in zip(QUESTIONS, photos, samples, strict=True):
            if turn % question.every == 0:
                request, stages = timed(client, photo, question.query)
                rows.append([request, *(stages[stage] for stage in STAGES)])
    return [[statistics.median(column) for column in zip(*rows, strict=True)] for rows in samples]


def report_questions(asked: list[list[float]]) -> None:
    """Print a table of what `ask` found."""
    say()
    say(f"| milliseconds, p50 | request | {' | '.join(STAGES)} |")
    say(f"|---|---{'|---' * len(STAGES)}|")
    for one, values in zip(QUESTIONS, asked, strict=True):
        say(f"| {one.name} ({one.photo}, `{one.query}`) | {' | '.join(f'{value:.1f}' for value in values)} |")


def report(runs: list[Run], requests: int) -> None:
    """Print the median of the runs with their range."""
    where = machine.describe(*PACKAGES)
    say(f"{len(runs)} runs of {requests} requests, one client; {where}")
    say()
    say("| milliseconds, p50 | median of runs | min | max |")
    say("|---|---|---|---|")
    for one in fields(Run):
        values = [getattr(run, one.name) for run in runs]
        say(f"| {one.name} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} |")


if __name__ == "__main__":
    main()
