import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.comparison.contenders import contenders, one_process
from benchmarks.comparison.load import Question
from benchmarks.comparison.scaling import tables
from benchmarks.comparison.scaling.crowd import crowd, shares
from benchmarks.comparison.scaling.places import Places, core, given, on, split
from benchmarks.comparison.scaling.plot import draw
from benchmarks.comparison.scaling.tables import Measured
from benchmarks.comparison.summary import RAW
from benchmarks.comparison.turns import Seen
from tests.benchmarks.answering import answering

OURS = [contenders()[0], one_process()]


def test_the_service_is_measured_with_all_its_processes_and_with_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.comparison.scaling", "--cpus", "1", "--clients-per-cpu", "2"]
    command += ["--with", "--turns", "1", "--seconds", "0.1", "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "scaling.png").read_bytes()[:4] == b"\x89PNG"
    assert "% of raw" in (tmp_path / "scaling.md").read_text(encoding="utf-8")
    (measured,) = json.loads((tmp_path / "scaling.json").read_text(encoding="utf-8"))["measured"]
    assert len(measured["servers"]) == 1
    served = {(one.name, clients) for one in OURS for clients in (1, 2)}
    assert {(row["contender"], row["clients"]) for row in measured["seen"]} == served | {(RAW, 2)}
    for row in measured["seen"]:
        assert row["failures"] == 0
        assert min(*row["rates"], *row["cpu_milliseconds"], *row["megabytes"]) > 0


@pytest.mark.parametrize("wanted", ["0", "100000"])
def test_cpus_that_are_not_there_are_refused(wanted: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.comparison.scaling", "--with", "--cpus", wanted]
    done = subprocess.run([*command, "--out", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"CPUs for the servers. Received: {wanted}" in done.stderr


def test_clients_have_the_cpus_that_are_left_over() -> None:
    assert split(2, [4, 5, 6]) == Places((4, 5), (6,))
    assert not split(2, [4, 5, 6]).shared
    assert split(3, [4, 5, 6]) == Places((4, 5, 6), (4, 5, 6))
    assert str(split(2, [0, 1, 2])).endswith("1 for the clients in 1 process")
    assert str(split(2, [0, 1])).endswith("shared with the clients in 2 processes: no other is left over")
    assert split(1, range(64)).processes == 8


def test_cpus_of_one_core_are_told_by_the_system(tmp_path: Path) -> None:
    folder = tmp_path / "cpu7" / "topology"
    folder.mkdir(parents=True)
    (folder / "physical_package_id").write_text("1\n")
    (folder / "core_id").write_text("3\n")
    assert core(7, tmp_path) == (1, 3)
    assert core(8, tmp_path) == (-1, 8)


def test_what_is_started_stays_on_its_cpus() -> None:
    before = os.sched_getaffinity(0)
    with on(given()[:1]):
        told = subprocess.check_output(
            [sys.executable, "-c", "from service.machine import cpus; print(cpus.available())"]
        )
    assert int(told) == 1
    assert os.sched_getaffinity(0) == before


def test_clients_are_spread_evenly() -> None:
    assert shares(1, 4) == [1]
    assert shares(6, 4) == [2, 2, 1, 1]


def test_clients_in_processes_count_wrong_answers() -> None:
    questions = [Question(b"one", "round", 0.7), Question(b"two", "almond", 0.7)]
    with answering({"label": "round", "confidence": 0.7}) as port, crowd(2) as load:
        seen = load(port, "/classify", questions, contenders()[0].read, 3, 0.3)
    assert seen.latencies
    assert set(seen.failures) == {"wrong label"}
    assert seen.seconds >= 0.3


def measured(count: int, *rates: Sequence[float]) -> Measured:
    """So many CPUs with a lone client and twice as many clients, and raw ONNX Runtime."""
    found = {
        (one.name, clients): Seen(list(mine), [10.0, 20.0], 1, [8.0], [90.0])
        for one, mine in zip(OURS, rates, strict=True)
        for clients in (1, 2 * count)
    }
    found[RAW, 2 * count] = Seen([100.0, 200.0], [5.0], 0, [5.0], [60.0])
    return Measured(split(count, range(4)), found)


def test_shares_of_raw_are_of_the_same_turn_on_the_same_cpus() -> None:
    results = [measured(2, [40.0, 120.0], [60.0, 80.0]), measured(4, [80.0, 200.0], [60.0, 80.0])]
    assert tables.of_all(results, OURS)[2:] == [
        "| 2 | 4 | 150.0 | 80.0: 50% of raw (45% to 55%) | 70.0: 50% of raw (45% to 55%) |",
        "| 4 (shared) | 8 | 150.0 | 140.0: 90% of raw (85% to 95%) | 70.0: 50% of raw (45% to 55%) |",
    ]


def test_costs_have_a_column_for_each_number_of_clients() -> None:
    one = measured(2, [50.0, 120.0], [50.0, 80.0])
    assert tables.costs(one.found)[2:] == [
        "| this service | 8.0; 90 | 8.0; 90 |",
        "| this service, 1 process | 8.0; 90 | 8.0; 90 |",
        f"| {RAW} | - | 5.0; 60 |",
    ]
    assert any("(1 wrong)" in row for row in tables.of_one(one, OURS))
    assert "| 4 | 1.25 | 1.12 to 1.38 | 1 of 2 | 1.00 |" in tables.of_one(one, OURS)


@pytest.mark.parametrize("per_cpu", [[2], [2, 2, 2]])
def test_the_picture_is_small_enough_for_the_repository(per_cpu: list[int], tmp_path: Path) -> None:
    results = [measured(2, [50.0, 120.0], [50.0, 80.0]), measured(4, [90.0, 160.0], [50.0, 80.0])]
    path = draw(results, OURS, per_cpu, tmp_path / "scaling.png")
    assert path.read_bytes()[:4] == b"\x89PNG"
    assert path.stat().st_size < 150_000
