"""Feed damaged pictures to the decoder: `python -m scripts.fuzz_decoder --cases 20000`.

Every case must end in a picture or in one of the service's own refusals; anything else (another exception, a
crash, a hang) is reported with the case's number and kept as a file. Cases depend on the seed and the number
only, so each can be made again.
"""

import argparse
import io
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, features

from service import logs
from service.errors import UnusableImage
from service.pictures.images import decode

MAX_PIXELS: Final = 4_000_000
MIN_SIDE: Final = 448
HANG_SECONDS: Final = 30.0
REPORT_EVERY: Final = 1000
_VALUES: Final = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff",
    b"\x00\x00",
    b"\x7f\xff\xff\xff",
    b"\xff" * 4,
)
_FORMATS: Final[tuple[tuple[str, str, dict[str, object]], ...]] = (
    ("RGB", "JPEG", {}),
    ("RGB", "JPEG", {"progressive": True, "exif": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00"}),
    ("CMYK", "JPEG", {}),
    ("L", "JPEG", {"icc_profile": bytes(200)}),
    ("RGB", "PNG", {}),
    ("RGBA", "PNG", {}),
    ("P", "PNG", {"transparency": 0}),
    ("I;16", "PNG", {}),
    ("1", "PNG", {}),
    ("RGB", "WEBP", {}),
    ("RGBA", "WEBP", {"lossless": True}),
    ("RGB", "AVIF", {}),
    ("P", "GIF", {"transparency": 0}),
    ("RGB", "BMP", {}),
    ("P", "BMP", {}),
    ("RGB", "TIFF", {}),
    ("RGB", "TIFF", {"compression": "tiff_lzw"}),
    ("RGB", "TIFF", {"compression": "jpeg"}),
    ("1", "TIFF", {"compression": "group4"}),
    ("I;16", "TIFF", {"compression": "tiff_adobe_deflate"}),
)


def seeds() -> list[bytes]:
    """Small valid pictures of every format that the service reads."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    made = []
    for mode, kind, options in _FORMATS:
        if kind == "AVIF" and not features.check("avif"):
            continue
        gray = mode == "I;16"
        image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257) if gray else Image.fromarray(pixels)
        file = io.BytesIO()
        (image if gray else image.convert(mode)).save(file, kind, **options)
        made.append(file.getvalue())
    return made


def mutate(rng: random.Random, corpus: list[bytes]) -> bytes:
    """One damaged picture: one to eight random wounds."""
    data = bytearray(rng.choice(corpus))
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        if not data:
            break
        rng.choice(_WOUNDS)(rng, data, corpus)
    return bytes(data)


def _flip(rng: random.Random, data: bytearray, corpus: list[bytes]) -> None:
    data[_place(rng, data)] ^= 1 << rng.randrange(8)


def _overwrite(rng: random.Random, data: bytearray, corpus: list[bytes]) -> None:
    place, value = _place(rng, data), rng.choice(_VALUES)
    data[place : place + len(value)] = value


def _scramble(rng: random.Random, data: bytearray, corpus: list[bytes]) -> None:
    place, size = _place(rng, data), rng.randrange(1, 17)
    data[place : place + size] = rng.randbytes(size)


def _truncate(rng: random.Random, data: bytearray, corpus: list[bytes]) -> None:
    del data[rng.randrange(len(data)) :]


def _remove(rng: random.Random, data: bytearray, corpus: list[bytes]) -> None:
    place = _place(rng, data)
    del data[place : place + rng.randrange(1, 65)]


def _repeat(rng: random.Random, data: bytearray, corpus: list[bytes]) -> None:
    place = _place(rng, data)
    data[place:place] = data[place : place + rng.randrange(1, 129)] * rng.choice((1, 2, 50))


def _splice(rng: random.Random, data: bytearray, corpus: list[bytes]) -> None:
    other = rng.choice(corpus)
    data[_place(rng, data) :] = other[rng.randrange(len(other)) :]


_WOUNDS: Final = (_flip, _flip, _overwrite, _overwrite, _scramble, _truncate, _remove, _repeat, _splice)


def _place(rng: random.Random, data: bytearray) -> int:
    # Headers decide what a decoder does: half of the wounds are near the start.
    return rng.randrange(min(len(data), 128) if rng.random() < 0.5 else len(data))


def make_case(seed: int, number: int, corpus: list[bytes]) -> bytes:
    """The case of that number."""
    return mutate(random.Random(f"{seed}/{number}"), corpus)


def outcome(data: bytes) -> str:
    """`ok`, or the code of the refusal; raises what must not be raised."""
    try:
        picture = decode(data, MIN_SIDE, MAX_PIXELS)
    except UnusableImage as error:
        return error.code
    pixels = picture.pixels
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size > 0
    return "ok"


def resident_bytes() -> int:
    """Memory of this process that is in RAM."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def work(pipe: Connection, seed: int, first: int, last: int) -> None:
    """Run cases in a process that may crash; tells each number before it and each outcome after it."""
    logs.silence_native_libraries()
    corpus = seeds()
    for number in range(first, last):
        data = make_case(seed, number, corpus)
        start = time.perf_counter()
        try:
            result = outcome(data)
        except Exception as error:
            result = f"FAILED: {type(error).__name__}: {error}"
        pipe.send((number, result, time.perf_counter() - start, resident_bytes()))
    pipe.close()


def fuzz(seed: int, cases: int, say: Callable[[str], object]) -> tuple[Counter[str], dict[int, str]]:
    """Run all cases; returns the outcomes counted, and the failed cases with their reasons."""
    counts: Counter[str] = Counter()
    failures: dict[int, str] = {}
    following = 0
    while following < cases:
        mine, theirs = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(
            target=work, args=(theirs, seed, following, cases)
        )
        process.start()
        theirs.close()
        while mine.poll(HANG_SECONDS):
            try:
                number, result, seconds, resident = mine.recv()
            except EOFError:
                break
            following = number + 1
            counts[result.partition(":")[0]] += 1
            if result.startswith("FAILED"):
                failures[number] = result
            if seconds > 1:
                say(f"case {number} took {seconds:.1f} s")
            if following % REPORT_EVERY == 0:
                say(f"{following} cases, {resident / 1e6:.0f} MB")
        if following < cases:
            failures[following] = "crashed" if process.exitcode else "hung or crashed"
            following += 1
        process.kill()
        process.join()
    return counts, failures


def main() -> int:
    """Run; returns 1 where a case failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="folder for failed cases")
    arguments = parser.parse_args()

    def say(line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    counts, failures = fuzz(arguments.seed, arguments.cases, say)
    say(", ".join(f"{name} {count}" for name, count in counts.most_common()))
    for number, reason in failures.items():
        arguments.keep.mkdir(parents=True, exist_ok=True)
        case = make_case(arguments.seed, number, seeds())
        (arguments.keep / f"{arguments.seed}-{number}.bin").write_bytes(case)
        say(f"case {number}: {reason}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
