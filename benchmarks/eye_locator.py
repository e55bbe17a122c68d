"""How well the eye locator agrees with MediaPipe, whose networks it runs, and how fast it is.

    python -m benchmarks.eye_locator FACES [--mediapipe mediapipe.json] [--negatives PICTURES]
    python -m benchmarks.eye_locator FACES --ask-mediapipe mediapipe.json    (needs mediapipe 0.10.21)

FACES holds `photos/` and `faces.csv` with the columns photo and, for left and right, outer and inner, x and
y: `left_outer_x`, ... in pixels of the upright photo. PICTURES is a folder of pictures without people. The
second form asks MediaPipe itself which faces it finds; run it where mediapipe is installed, it is no
dependency of this project.
"""

import argparse
import csv
import importlib
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from benchmarks.comparison.processes import resident_memory
from benchmarks.drawn_eyes import with_dark_glasses, with_shut_eyes
from service.locator import bundle as locator_bundle
from service.locator.eyes import Eye, EyeLocator, Face
from service.pictures.geometry import RGB, Point, Square
from service.pictures.images import decode
from training.console import progress, say

MIN_WIDTH: Final = 24.0
"""Narrower eyes do not count for the overlap of crops."""
REPEATS: Final = 15


@dataclass(frozen=True)
class Reference:
    """One photo and where the corners of its eyes are: side to outer and inner corner."""

    path: Path
    eyes: dict[str, tuple[Point, Point]]

    def picture(self) -> RGB:
        """The upright photo."""
        return decode(self.path.read_bytes()).pixels


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("faces", type=Path, help="folder with photos/ and faces.csv")
    parser.add_argument("--locator", type=Path, default=Path("models/eye-locator/1"))
    parser.add_argument("--mediapipe", type=Path, help="what --ask-mediapipe wrote")
    parser.add_argument("--negatives", type=Path, help="folder of pictures without people")
    parser.add_argument("--ask-mediapipe", type=Path, metavar="JSON", help="ask MediaPipe and stop")
    options = parser.parse_args(argv)
    references = read_references(options.faces)
    if options.ask_mediapipe:
        options.ask_mediapipe.write_text(json.dumps(ask_mediapipe(references)) + "\n", encoding="utf-8")
        return 0
    before, start = resident_memory(), time.perf_counter()
    locator = locator_bundle.load(options.locator)
    elapsed = (time.perf_counter() - start) * 1000
    say(f"loaded, verified and warm in {elapsed:.0f} ms; {resident_memory() - before:.0f} MB")
    report_time(locator, references)
    found = [locator.locate(one.picture(), every_face=True) for one in progress(references, "agreement")]
    report_agreement(references, found)
    if options.mediapipe:
        report_mediapipe(references, found, json.loads(options.mediapipe.read_text(encoding="utf-8")))
    report_states(locator, references, found)
    report_robustness(locator, references, found)
    if options.negatives:
        report_negatives(locator, options.negatives)
    after = resident_memory()
    say(f"memory at the end: {after:.0f} MB, {after - before:.0f} MB more than before loading")
    return 0


def read_references(faces: Path) -> list[Reference]:
    """The rows of `faces.csv`."""
    with (faces / "faces.csv").open(encoding="utf-8", newline="") as file:
        return [
            Reference(
                faces / "photos" / row["photo"],
                {
                    side: (
                        (float(row[f"{side}_outer_x"]), float(row[f"{side}_outer_y"])),
                        (float(row[f"{side}_inner_x"]), float(row[f"{side}_inner_y"])),
                    )
                    for side in ("left", "right")
                },
            )
            for row in csv.DictReader(file)
        ]


def ask_mediapipe(references: list[Reference]) -> dict[str, int]:
    """Number of faces that MediaPipe's face mesh finds in each photo, with its default settings."""
    mesh: Any = importlib.import_module("mediapipe").solutions.face_mesh
    counts = {}
    with mesh.FaceMesh(static_image_mode=True, refine_landmarks=True) as network:
        for one in references:
            faces = network.process(np.ascontiguousarray(one.picture())).multi_face_landmarks
            counts[one.path.name] = len(faces or ())
    return counts


def report_agreement(references: list[Reference], found: list[list[Face]]) -> None:
    """Distance of the corners and overlap of the crops, on the face of the reference."""
    distances, overlaps, others = [], [], 0
    for reference, faces in zip(references, found, strict=True):
        if faces:
            errors = [face_error(face, reference) for face in faces]
            face = faces[int(np.argmin(errors))]
            others += face is not faces[0]
            distances.append(100 * min(errors))
            overlaps += [
                overlap(eye.square(2.0, 0.55), Square.around_eye(outer, inner, 2.0, 0.55))
                for eye in face.eyes
                for outer, inner in [reference.eyes[eye.side]]
                if np.hypot(outer[0] - inner[0], outer[1] - inner[1]) > MIN_WIDTH
            ]
    median, high = np.percentile(distances, [50, 95])
    say(
        f"photos with a face: {sum(map(bool, found))} of {len(references)}; in {others} of them the largest "
        "face is not the reference's"
    )
    say(
        f"corners off by {statistics.mean(distances):.2f} % of the eye width on average, "
        f"median {median:.2f} %, 95 % within {high:.2f} %"
    )
    share = 100 * np.mean(np.array(overlaps) >= 0.9)
    say(f"crops with an overlap (IoU) of 0.9 or more: {share:.1f} % of {len(overlaps)} eyes")


def report_mediapipe(references: list[Reference], found: list[list[Face]], counts: dict[str, int]) -> None:
    """Faces that only one of the two finds."""
    theirs = {name for name, count in counts.items() if count}
    ours = {one.path.name for one, faces in zip(references, found, strict=True) if faces}
    say(f"MediaPipe finds {len(theirs)}; only MediaPipe {len(theirs - ours)}, only we {len(ours - theirs)}")


def report_states(locator: EyeLocator, references: list[Reference], found: list[list[Face]]) -> None:
    """States of real eyes and, on every fourth photo, of drawn ones."""
    _say_states("real photos", [eye for faces in found for face in faces for eye in face.eyes])
    changes: dict[str, Callable[[RGB, Face], RGB]] = {
        "dark glasses drawn": with_dark_glasses,
        "85 % dark glasses": lambda picture, face: with_dark_glasses(picture, face, 0.85),
        "eyelids drawn shut": with_shut_eyes,
    }
    some = [
        (one.picture(), faces[0]) for one, faces in list(zip(references, found, strict=True))[::4] if faces
    ]
    for name, change in changes.items():
        changed = [locator.locate(change(picture, face)) for picture, face in some]
        _say_states(name, [eye for faces in changed for face in faces for eye in face.eyes])


def _say_states(name: str, eyes: list[Eye]) -> None:
    counts = Counter(eye.state for eye in eyes)
    say(f"{name}: " + ", ".join(f"{counts[state]} {state}" for state in ("open", "closed", "hidden")))


def report_robustness(locator: EyeLocator, references: list[Reference], found: list[list[Face]]) -> None:
    """Faces that are still found in tilted, mirrored and shrunken photos (every fourth one)."""
    some = [one.picture() for one, faces in list(zip(references, found, strict=True))[::4] if faces]
    changes: dict[str, Callable[[Image.Image], Image.Image]] = {
        "tilted by 45 degrees": lambda image: image.rotate(45, expand=True),
        "tilted by -45 degrees": lambda image: image.rotate(-45, expand=True),
        "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "at most 200 pixels": lambda image: _fitted(image, 200),
        "4000 pixels": lambda image: _fitted(image, 4000),
    }
    for name, change in changes.items():
        count = sum(bool(locator.locate(np.asarray(change(Image.fromarray(one))))) for one in some)
        say(f"{name}: {count} of {len(some)} faces")


def report_negatives(locator: EyeLocator, folder: Path) -> None:
    """Open eyes seen in pictures without people, in four turns and three sizes; and how long it takes."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in {".jpg", ".png"})
    times, seen, asked = [], Counter[str](), 0
    for path in files:
        image = Image.fromarray(decode(path.read_bytes()).pixels)
        for side, turns in product((320, 640, 1280), range(4)):
            picture = np.ascontiguousarray(np.rot90(np.asarray(_fitted(image, side)), turns))
            start = time.perf_counter()
            faces = locator.locate(picture, every_face=True)
            times.append((time.perf_counter() - start) * 1000)
            asked += 1
            seen["faces"] += bool(faces)
            seen["open eyes"] += any(eye.state == "open" for face in faces for eye in face.eyes)
            seen["close-ups"] += not faces and locator.closeup(picture) is not None
    median, high = np.percentile(times, [50, 95])
    say(
        f"{len(files)} pictures without people, {asked} variants: {seen['faces']} with a face, "
        f"{seen['open eyes']} with an open eye, {seen['close-ups']} taken for a close-up; "
        f"median {median:.0f} ms, 95 % within {high:.0f} ms"
    )


def report_time(locator: EyeLocator, references: list[Reference]) -> None:
    """Milliseconds from decoded pixels, 1280 on the longer side, to both eyes; over twelve photos."""
    times = []
    for one in references[:: max(1, len(references) // 12)]:
        picture = np.asarray(_fitted(Image.fromarray(one.picture()), 1280))
        locator.locate(picture)
        for _ in range(REPEATS):
            start = time.perf_counter()
            locator.locate(picture)
            times.append((time.perf_counter() - start) * 1000)
    say(f"1280 pixels to both eyes: median {statistics.median(times):.1f} ms, least {min(times):.1f} ms")


def _fitted(image: Image.Image, side: int) -> Image.Image:
    factor = side / max(image.size)
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)


def face_error(face: Face, reference: Reference) -> float:
    """Mean distance of the four corners as a share of the reference's eye widths."""
    return statistics.mean(corner_error(eye, *reference.eyes[eye.side]) for eye in face.eyes)


def corner_error(eye: Eye, outer: Point, inner: Point) -> float:
    """Mean distance of both corners as a share of the reference's eye width."""
    wanted = np.array([outer, inner])
    distances = np.linalg.norm(np.array([eye.outer, eye.inner]) - wanted, axis=1)
    return float(distances.mean() / np.linalg.norm(wanted[0] - wanted[1]))


def overlap(a: Square, b: Square) -> float:
    """Intersection over union of two squares."""
    width = min(a.left + a.side, b.left + b.side) - max(a.left, b.left)
    height = min(a.top + a.side, b.top + b.side) - max(a.top, b.top)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (a.side**2 + b.side**2 - shared)


if __name__ == "__main__":
    sys.exit(main())
