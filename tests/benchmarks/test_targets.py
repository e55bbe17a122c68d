import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import records, targets
from benchmarks.comparison.beside import OURS, Comparison
from benchmarks.comparison.summary import RAW, RAW_PHOTOS, Start, Step

TUTORIAL = "Keras + Flask"


def step(
    name: str, number: int, clients: int, throughput: float, p99: float = 10.0, memory: float = 100.0
) -> Step:
    return Step(name, number, clients, throughput, 5.0, 6.0, p99, 10, 0, 8.0, memory)


def start(name: str, number: int, seconds: float) -> Start:
    return Start(name, number, seconds, 80.0)


def of(*steps: Step, starts: tuple[Start, ...] = ()) -> dict[str, Any]:
    return {"steps": [vars(one) for one in steps], "starts": [vars(one) for one in starts]}


def rows(**parts: dict[str, Any]) -> dict[str, targets.Target]:
    nothing: dict[str, Any] = dict.fromkeys(targets.PARTS)
    return {one.what: one for one in targets.targets(nothing | parts)}


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    found = rows()
    assert len(found) == 18
    for one in found.values():
        assert (one.measured, one.met) == ("not measured", None)
        assert str(one).endswith("| not measured | - |")


def test_ratios_are_of_the_same_round_and_their_median_counts() -> None:
    # The machine is twice as fast in the second round, for all; only in the third is ours the slower one.
    rates = [(20.0, 10.0), (40.0, 20.0), (5.0, 10.0)]
    steps = [
        step(name, number, 4, rate)
        for number, pair in enumerate(rates, 1)
        for name, rate in zip((OURS, "LitServe"), pair, strict=True)
    ]
    assert Comparison(steps, ()).answers("LitServe", 4) == 2.0
    starts = [start(OURS, 1, 1.0), start(OURS, 2, 3.0), start(TUTORIAL, 1, 10.0), start(TUTORIAL, 2, 10.0)]
    assert Comparison(steps, starts).start(TUTORIAL) == pytest.approx(0.2)


@pytest.mark.parametrize("without", [1, 2])
def test_a_server_without_a_right_answer_is_infinitely_far_behind_and_has_no_p99(without: int) -> None:
    steps = [step(OURS, 1, 8, 20.0, 9.0), step(OURS, 2, 8, 20.0, 9.0)]
    steps += [step("LitServe", without, 8, 0.0, math.nan), step("LitServe", 3 - without, 8, 10.0, 10.0)]
    compared = Comparison(steps, ())
    assert compared.answers("LitServe", 8) == math.inf
    assert compared.late("LitServe", 8) == 0.9


@pytest.mark.parametrize("silent", [1, 8])
def test_a_server_without_any_right_answer_cannot_be_beaten_on_its_p99(silent: int) -> None:
    steps = [step(OURS, 1, clients, 20.0, 9.0) for clients in (1, 8)]
    for clients in (1, 8):
        rate, p99 = (0.0, math.nan) if clients == silent else (10.0, 10.0)
        steps.append(step("LitServe", 1, clients, rate, p99))
    found = rows(results=of(*steps))["beside LitServe, with every number of clients"]
    assert (found.measured, found.met) == ("2.00 to inf times the answers, nan to nan times the p99", False)


def test_raw_is_met_from_95_percent_on() -> None:
    raw = [step(RAW, 1, 2, 100), step(RAW_PHOTOS, 1, 1, 70), step(RAW_PHOTOS, 1, 2, 80)]
    what = "the shipped model: answers at saturation, of raw ONNX Runtime's on arrays"
    for rate, met in ((95, True), (94, False)):
        found = rows(results=of(*raw, step(OURS, 1, 16, rate)))[what]
        assert found.met is met
    assert found.measured == "94%; of photos that it decodes 118%"


@pytest.mark.parametrize(
    ("rates", "late", "met"),
    [((11, 30), (9, 9), True), ((11, 19), (9, 9), False), ((11, 30), (9, 11), False)],
)
def test_a_server_is_beaten_where_it_is_for_every_number_of_clients(
    rates: tuple[float, float], late: tuple[float, float], met: bool
) -> None:
    steps = [step(OURS, 1, 1, rates[0], late[0]), step(OURS, 1, 8, rates[1], late[1])]
    steps += [step("LitServe", 1, 1, 10), step("LitServe", 1, 8, 20)]
    found = rows(results=of(*steps))
    assert found["beside LitServe, with every number of clients"].met is met
    assert found["beside BentoML, with every number of clients"].met is None


def test_the_tutorials_way_is_beaten_with_one_client_and_with_many() -> None:
    ours = [step(OURS, 1, 1, 100, memory=20), step(OURS, 1, 16, 200, memory=26)]
    theirs = [step(TUTORIAL, 1, 1, 5, memory=90), step(TUTORIAL, 1, 16, 20)]
    results = of(*ours, *theirs, starts=(start(OURS, 1, 1.0), start(TUTORIAL, 1, 10.0)))
    found = [one for one in rows(results=results).values() if one.what.endswith("the same network")]
    assert [(one.measured, one.met) for one in found] == [
        ("10.0 times with 16 clients, 20.0 with 1", False),
        ("26.00%", False),
        ("10.00%", True),
    ]


def test_what_the_other_parts_leave_is_read_again(tmp_path: Path) -> None:
    records.keep(tmp_path, "footprint", ready=1.01, loaded=219.6, idle=0.5)
    records.keep(tmp_path, "image", rest=236.0)
    records.keep(tmp_path, "overhead", overhead=3.0)
    records.keep(tmp_path, "decoding", milliseconds={80: 31.0, 224: 40.06})
    records.keep(tmp_path, "training", cold=100.0, warm=20.0, uncached=1000.0, epochs=50)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.targets", "--out", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "| at most 1 s | 1.01 s | **missed** |" in done.stdout
    assert "| at most 220 MB | 220 MB | met |" in done.stdout
    assert "| at most 0.5 % | 0.50 % | met |" in done.stdout
    assert "| at most 3 ms | 3.00 ms | met |" in done.stdout
    assert "| at most 40 ms | 31.0 ms to 80 pixels, 40.1 ms to 224 pixels | **missed** |" in done.stdout
    assert "10.0 times as fast (100 s), 50 times (20 s) where features are kept | met |" in done.stdout
    assert (tmp_path / "targets.md").read_text(encoding="utf-8") == done.stdout
    together = "overhead, decoding, footprint, image, training: "
    assert [line for line in done.stdout.splitlines() if line.startswith(f"- {together}")]


def test_where_two_are_close_short_turns_decide() -> None:
    steps = [step(RAW, 1, 2, 100), step(RAW_PHOTOS, 1, 2, 80)]
    steps += [step(OURS, 1, 1, 100), step("LitServe", 1, 1, 200), step("BentoML", 1, 1, 50, p99=20)]
    turns = {
        "servers": {"LitServe": {"1": {"answers": 1.3, "p99": 0.7}, "16": {"answers": 1.1, "p99": 0.9}}},
        "bare": {RAW: 0.8, RAW_PHOTOS: 0.93},
        "batches": {RAW: 0.9, RAW_PHOTOS: 1.04},
    }
    whole = {"servers": {}, "bare": {RAW: 0.96, RAW_PHOTOS: 0.99}}
    saturated = {"servers": {}, "bare": {RAW: 0.84, RAW_PHOTOS: 0.95}}
    longer = rows(results=of(*steps), turns=turns, saturated=saturated)
    assert next(iter(longer.values())).measured == "84%; of photos that it decodes 95%"
    found = rows(results=of(*steps), turns=turns, whole=whole)
    raw = [one for what, one in found.items() if what.endswith("of raw ONNX Runtime's on arrays")]
    assert [(one.measured, one.met) for one in raw] == [
        ("80%; of photos that it decodes 93%; in batches of 16 90% and 104%", False),
        ("96%; of photos that it decodes 99%", True),
    ]
    close = found["beside LitServe, with every number of clients"]
    assert (close.measured, close.met) == ("1.10 to 1.30 times the answers, 0.70 to 0.90 times the p99", True)
    assert found["beside BentoML, with every number of clients"].measured.startswith("2.00 to 2.00 times")
