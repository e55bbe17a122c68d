"""Plant known faults in a copy of a data set and see how many `training check` finds.

    python -m benchmarks.dataset_check DATA [--seeds 3] [--large 10000]

600 photos are drawn at random from those whose raters all agreed (`agreement` 1.0 in `labels.csv`; from all
where there is no such column) and copied to a temporary folder, which keeps their splits and people. Planted
in it: 30 wrong labels, 40 copies in 8 disguises (under names nobody knows), 10 corrupt files, 5 people of
whom one photo moves to the other split, and 5 disguised copies in the other split. What is found beyond the
planted copies, corrupt files and wrong labels counts as a false alarm, although real data has faults of its
own; false alarms among the leaks are not counted.
"""

import argparse
import csv
import io
import random
import resource
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from benchmarks.comparison.processes import resident_memory
from training.checks.embedding import Vgg16Embedder
from training.checks.inspection import Inspection, inspect
from training.checks.report import render
from training.checks.survey import survey
from training.console import say
from training.tables import table

PHOTOS: Final = 600
WRONG: Final = 30
COPIES: Final = 40
CORRUPT: Final = 10
LEAKS: Final = 5
SPLITS: Final = ("train", "validation")


def _recompressed(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=25)
    return Image.open(buffer).convert("RGB")


def _cropped(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((round(0.07 * width), round(0.03 * height), round(0.97 * width), round(0.93 * height)))


def _turned(image: Image.Image) -> Image.Image:
    width, height = image.size
    inner = (round(0.06 * width), round(0.06 * height), round(0.94 * width), round(0.94 * height))
    return image.rotate(6, Image.Resampling.BICUBIC).crop(inner)


DISGUISES: Final[dict[str, Callable[[Image.Image], Image.Image]]] = {
    "exact": lambda image: image,
    "mirrored": ImageOps.mirror,
    "recompressed": _recompressed,
    "resized": lambda image: image.resize((image.width * 3 // 5, image.height * 3 // 5)),
    "grey": lambda image: ImageOps.grayscale(image).convert("RGB"),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.35),
    "cropped": _cropped,
    "turned and blurred": lambda image: _turned(image).filter(ImageFilter.GaussianBlur(image.width / 150)),
}

Planted = Mapping[str, tuple[str, str]]
"""Disguised copies: name to (original, disguise)."""


class Copy:
    """A temporary copy of some photos, in which faults are planted."""

    def __init__(self, data: Path, root: Path, seed: int) -> None:
        self.root, self.random = root, random.Random(seed)
        with (data / "labels.csv").open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if float(row.get("agreement") or 1) >= 0.999]
        self.rows = {row["file"]: row for row in self.random.sample(rows, min(PHOTOS, len(rows)))}
        for name in self.rows:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(data / name, root / name)
        self.labels = sorted({row["label"] for row in rows})
        self.free = sorted(self.rows)
        self.random.shuffle(self.free)

    def move(self, name: str, split: str, label: str) -> str:
        """Move a photo with its row; returns its new name."""
        target = f"{split}/{label}/{Path(name).name}"
        (self.root / target).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).rename(self.root / target)
        self.rows[target] = {**self.rows.pop(name), "file": target}
        return target

    def wrong_labels(self) -> set[str]:
        """Photos moved to the folder of another class."""
        planted = set()
        for name in self._take(WRONG):
            split, label, _ = name.split("/")
            planted.add(self.move(name, split, self.random.choice([x for x in self.labels if x != label])))
        return planted

    def copies(self, count: int, other_side: bool) -> Planted:
        """So many copies, of which each has the next disguise."""
        planted = {}
        for number, name in enumerate(self._take(count)):
            disguise = list(DISGUISES)[number % len(DISGUISES)]
            split, label, file = name.split("/")
            if other_side:
                split = SPLITS[1 - SPLITS.index(split)]
            target = f"{split}/{label}/copy-{file}"
            (self.root / target).parent.mkdir(parents=True, exist_ok=True)
            if disguise == "exact":
                shutil.copyfile(self.root / name, self.root / target)
            else:
                with Image.open(self.root / name) as image:
                    DISGUISES[disguise](image.convert("RGB")).save(self.root / target, "JPEG", quality=85)
            self.rows[target] = {**self.rows[name], "file": target, "person": "", "source_file": ""}
            planted[target] = (name, disguise)
        return planted

    def leaked_people(self) -> set[str]:
        """One photo of a person moves to the other split; returns the people."""
        by_person = defaultdict(list)
        for name in self.free:
            by_person[self.rows[name]["person"]].append(name)
        alone = [p for p, names in by_person.items() if p and len({n.split("/")[0] for n in names}) == 1]
        several = [person for person in alone if len(by_person[person]) > 1][:LEAKS]
        for person in several:
            split, label, _ = by_person[person][0].split("/")
            self.free.remove(by_person[person][0])
            self.move(by_person[person][0], SPLITS[1 - SPLITS.index(split)], label)
        return set(several)

    def corrupt(self) -> set[str]:
        """Files that are cut off, empty, text, or damaged in their header."""
        planted = set()
        for number, name in enumerate(self._take(CORRUPT)):
            data = (self.root / name).read_bytes()
            forms = (
                data[: len(data) // 2],
                b"",
                b"<html>Not found</html>",
                b"\0" * 64 + data[64:],
                data[:100],
            )
            (self.root / name).write_bytes(forms[number % len(forms)])
            planted.add(name)
        return planted

    def write_table(self) -> None:
        """Write `labels.csv` for what is there now."""
        columns = list(next(iter(self.rows.values())))
        with (self.root / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self.rows.values())

    def _take(self, count: int) -> list[str]:
        taken, self.free = self.free[:count], self.free[count:]
        return taken


Score = tuple[int, int, int | None]
"""Planted, found of them, found in all; None where that is not counted."""


def measure(data: Path, seed: int, embed: Vgg16Embedder) -> tuple[dict[str, Score], set[str]]:
    """Plant and check once; the scores per kind of fault, and the disguises that were not seen through."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(data, Path(folder), seed)
        people = copy.leaked_people()
        wrong, copies = copy.wrong_labels(), copy.copies(COPIES, other_side=False)
        hidden, corrupt = copy.copies(LEAKS, other_side=True), copy.corrupt()
        copy.write_table()
        inspection = inspect(survey(copy.root, embed), seed=seed)
    groups = [set(finding.files) for finding in inspection.of("duplicate")]
    leaks = [set(finding.files) for finding in inspection.of("leakage")]
    missed = {way for name, (origin, way) in copies.items() if not _together(name, origin, groups)}
    scores = {
        "duplicates": score_copies(copies, hidden, groups),
        "leaked people": (len(people), sum(_names(inspection, person) for person in people), None),
        "leaked copies": (len(hidden), _found(hidden, leaks), None),
        "corrupt files": _score(corrupt, (file for item in inspection.of("corrupt") for file in item.files)),
        "wrong labels": _score(wrong, (file for item in inspection.of("mislabelled") for file in item.files)),
    }
    return scores, missed


def score_copies(copies: Planted, hidden: Planted, groups: Sequence[set[str]]) -> Score:
    """The copies among `groups` of files that show one photo.

    A group has one file that is no copy. The `hidden` copies are scored as leaks and are neither right nor
    false alarms here: those of them that were found are left out.
    """
    reported = sum(len(group) - 1 for group in groups)
    return len(copies), _found(copies, groups), reported - _found(hidden, groups)


def row(kind: str, scores: Sequence[Score]) -> list[str]:
    """A kind of fault over all seeds: planted, recall, and precision where it is counted."""
    planted, right = sum(score[0] for score in scores), sum(score[1] for score in scores)
    reported = [score[2] for score in scores if score[2] is not None]
    precision = f"{right / max(1, sum(reported)):.1%}" if reported else "-"
    return [kind, str(planted), f"{right / max(1, planted):.1%}", precision]


def _found(planted: Planted, groups: Sequence[set[str]]) -> int:
    """How many copies are in one group with their original."""
    return sum(_together(name, origin, groups) for name, (origin, _) in planted.items())


def _together(first: str, second: str, groups: Iterable[set[str]]) -> bool:
    return any(first in group and second in group for group in groups)


def _names(inspection: Inspection, person: str) -> bool:
    return any(f"the person {person}:" in finding.detail for finding in inspection.of("leakage"))


def _score(planted: set[str], found: Iterable[str]) -> Score:
    files = set(found)
    return len(planted), len(planted & files), len(files)


def measure_large(data: Path, count: int, embed: Vgg16Embedder) -> None:
    """Time and memory of a check of `count` photos: those of DATA again and again, each turned a little."""
    sources = sorted(path for path in data.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            source = sources[number % len(sources)]
            target = Path(folder) / source.parent.name / f"{number:06}.jpg"
            target.parent.mkdir(exist_ok=True)
            with Image.open(source) as image:
                image.convert("RGB").rotate(chance.uniform(-20, 20)).save(target, "JPEG")
        watched, start, cpu = Watched(embed), time.perf_counter(), time.process_time()
        seen = survey(Path(folder), watched)
        say(f"read after {time.perf_counter() - start:.0f} s, {time.process_time() - cpu:.0f} s of CPU time")
        inspection = inspect(seen)
        page = render(inspection, "large")
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    tenths = [watched.megabytes[len(watched.megabytes) * part // 10] for part in range(1, 10)]
    say(
        f"{len(seen.photos):,} photos: {seconds:.0f} s, {cpu:.0f} s of CPU time; findings: "
        f"{inspection.counts}; report of {len(page) / 1e6:.1f} MB\n"
        f"memory after each tenth of the photos: {', '.join(f'{value:.0f}' for value in tenths)} MB; "
        f"peak of it all {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6:.0f} MB"
    )


class Watched:
    """The embedder, and how much memory the process holds at each batch."""

    def __init__(self, embed: Vgg16Embedder) -> None:
        self._embed, self.size = embed, embed.size
        self.megabytes: list[float] = []

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Features of one batch."""
        self.megabytes.append(resident_memory())
        return self._embed(images)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="train/ and validation/ of class folders, with labels.csv")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--large", type=int, default=0, metavar="N", help="also time a check of N photos")
    options = parser.parse_args()
    embed = Vgg16Embedder()
    totals: dict[str, list[Score]] = defaultdict(list)
    for seed in range(options.seeds):
        scores, missed = measure(options.data, seed, embed)
        for kind, score in scores.items():
            totals[kind].append(score)
        say(f"seed {seed}: {scores}; disguises missed: {', '.join(sorted(missed)) or 'none'}")
    rows = [row(kind, scores) for kind, scores in totals.items()]
    for line in table(["fault", "planted", "recall", "precision"], rows):
        say(line)
    if options.large:
        measure_large(options.data, options.large, embed)


if __name__ == "__main__":
    main()
