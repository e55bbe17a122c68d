"""Every target for the speed of service and training beside what was measured: the last part of `make bench`.

    python -m benchmarks.targets [--out runs/bench]

Reads what the other parts have left in the folder, prints a Markdown table and writes it to `targets.md`. A
missed target is shown as missed, and what was not measured as that. Where two are close, short turns of both
decide: between rounds of minutes the machine goes from one speed to another.
"""

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import records
from benchmarks.comparison.batches import TOGETHER
from benchmarks.comparison.beside import Comparison
from benchmarks.comparison.summary import RAW, RAW_PHOTOS, counted
from training.console import say

PARTS: Final = (
    "results",
    "turns",
    "saturated",
    "whole",
    "overhead",
    "decoding",
    "footprint",
    "image",
    "training",
)
"""Names of the files, without `.json`."""
SERVERS: Final = ("LitServe", "BentoML", "Ray Serve")
TUTORIALS: Final = {
    "Keras + Flask": "Keras + Flask, the same network",
    "Keras + Flask, VGG16 at 224": "Keras + Flask, the tutorial's VGG16",
}

Part = Mapping[str, Any] | None
"""What a part has left; None where it did not run."""


@dataclass(frozen=True)
class Target:
    """One row of the table."""

    what: str
    wanted: str
    measured: str = "not measured"
    met: bool | None = None
    """None where it was not measured."""

    def __str__(self) -> str:
        """As Markdown."""
        verdict = {True: "met", False: "**missed**", None: "-"}[self.met]
        return f"| {self.what} | {self.wanted} | {self.measured} | {verdict} |"


def main() -> None:
    """Print and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=records.FOLDER)
    options = parser.parse_args()
    parts = {name: records.kept(options.out, name) for name in PARTS}
    lines = [*table(targets(parts)), "", *measured_on(parts)]
    for line in lines:
        say(line)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "targets.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def table(found: Iterable[Target]) -> list[str]:
    """Markdown."""
    return ["| what | wanted | measured | |", "|---|---|---|---|", *map(str, found)]


def measured_on(parts: Mapping[str, Part]) -> list[str]:
    """When and on what; one line for all parts that were measured together."""
    places: dict[str, list[str]] = {}
    for name, part in parts.items():
        if part is not None:
            processor = part["machine"].split(", Python")[0]
            places.setdefault(f"{part['date']}, {processor}", []).append(name)
    return [f"- {', '.join(names)}: {place}" for place, names in places.items()]


def targets(parts: Mapping[str, Part]) -> Iterator[Target]:
    """All of them, measured or not."""
    results, turns, footprint, image = (parts[name] for name in ("results", "turns", "footprint", "image"))
    compared = Comparison.read(dict(results)) if results is not None else Comparison((), ())
    # The last answers of a turn come while clients leave already; of a longer turn they are fewer.
    yield from _of_raw(compared, parts["saturated"] or turns, parts["whole"])
    yield _most("on top of decoding and inference, one client, p50", 3.0, parts["overhead"], "overhead", "ms")
    yield _decoding(parts["decoding"])
    for name, called in TUTORIALS.items():
        yield from _beside_tutorial(compared, name, called)
    for name in SERVERS:
        yield _beside_server(compared, turns, name)
    yield _most("image without models", 300, image, "rest", "MB", ".0f")
    yield _most("start to ready, models and eye locator verified", 1.0, footprint, "ready", "s")
    yield _most("memory with 16 clients and photos of faces", 220, footprint, "loaded", "MB", ".0f")
    yield _most("of a CPU while nobody asks", 0.5, footprint, "idle", "%")
    yield _training(parts["training"])


def _decoding(part: Part) -> Target:
    what, wanted = "a JPEG of 12 megapixels and 3 MB, from bytes to a network's input", "at most 40 ms"
    if part is None:
        return Target(what, wanted)
    found = {int(size): float(milliseconds) for size, milliseconds in part["milliseconds"].items()}
    measured = ", ".join(f"{milliseconds:.1f} ms to {size} pixels" for size, milliseconds in found.items())
    return Target(what, wanted, measured, max(found.values()) <= 40)


def _of_raw(compared: Comparison, turns: Part, whole: Part) -> Iterator[Target]:
    rounds = (compared.of_raw(RAW), compared.of_raw(RAW_PHOTOS)) if compared.has(RAW) else None
    for called, part, otherwise in (("the shipped model", turns, rounds), ("the whole VGG16", whole, None)):
        row = Target(f"{called}: answers at saturation, of raw ONNX Runtime's on arrays", "at least 95 %")
        found = _bare(part, "bare") or otherwise
        if found is not None:
            arrays, photos = found
            measured = f"{arrays:.0%}; of photos that it decodes {photos:.0%}"
            if many := _bare(part, "batches"):
                measured += f"; in batches of {TOGETHER} {many[0]:.0%} and {many[1]:.0%}"
            row = replace(row, measured=measured, met=arrays >= 0.95)
        yield row


def _bare(part: Part, kind: str) -> tuple[float, float] | None:
    """Shares of what ONNX Runtime does without a server, on arrays and on photos, in short turns."""
    found = part.get(kind, {}) if part is not None else {}
    return (found[RAW], found[RAW_PHOTOS]) if RAW in found else None


def _beside_tutorial(compared: Comparison, name: str, called: str) -> Iterator[Target]:
    rows = (
        Target(f"answers beside {called}", "at least 15 times"),
        Target(f"memory beside {called}", "at most 25 %"),
        Target(f"first answer beside {called}", "at most 10 %"),
    )
    if not compared.has(name):
        yield from rows
        return
    answers, memory, start = rows
    fewest, most = compared.levels[0], compared.levels[-1]
    few, many = (compared.answers(name, clients) for clients in (fewest, most))
    each = f"{many:.1f} times with {counted(most, 'client')}, {few:.1f} with {fewest}"
    yield replace(answers, measured=each, met=min(few, many) >= 15)
    for row, share, limit in ((memory, compared.memory(name), 0.25), (start, compared.start(name), 0.1)):
        yield replace(row, measured=f"{share:.2%}", met=share <= limit)


def _beside_server(compared: Comparison, turns: Part, name: str) -> Target:
    what, wanted = f"beside {name}, with every number of clients", "more answers, a lower p99"
    if turns is not None and name in turns["servers"]:
        found = turns["servers"][name].values()
        times, late = ([one[value] for one in found] for value in ("answers", "p99"))
    elif compared.has(name):
        times = [compared.answers(name, clients) for clients in compared.levels]
        late = [compared.late(name, clients) for clients in compared.levels]
    else:
        return Target(what, wanted)
    measured = f"{_range(times)} times the answers, {_range(late)} times the p99"
    return Target(what, wanted, measured, all(one > 1 for one in times) and all(one < 1 for one in late))


def _range(values: Sequence[float]) -> str:
    """Not a number where one of them is none, wherever it stands."""
    return f"{np.min(values):.2f} to {np.max(values):.2f}"


def _most(what: str, limit: float, part: Part, value: str, unit: str, form: str = ".2f") -> Target:
    wanted = f"at most {limit:g} {unit}"
    if part is None:
        return Target(what, wanted)
    return Target(what, wanted, f"{part[value]:{form}} {unit}", part[value] <= limit)


def _training(part: Part) -> Target:
    wanted = "faster"
    if part is None:
        return Target("training beside the loop that caches nothing", wanted)
    what = f"{part['epochs']} epochs beside the loop that caches nothing"
    cold, warm, uncached = part["cold"], part["warm"], part["uncached"]
    first, again = f"{uncached / cold:.1f} times as fast", f"{uncached / warm:.0f} times"
    measured = f"{first} ({cold:.0f} s), {again} ({warm:.0f} s) where features are kept"
    return Target(what, wanted, measured, cold < uncached)


if __name__ == "__main__":
    main()
