from pathlib import Path

from benchmarks.comparison import batches, paired
from benchmarks.comparison.contenders import contenders
from benchmarks.comparison.measuring import PICTURES, Plan
from benchmarks.comparison.summary import RAW, RAW_PHOTOS
from benchmarks.comparison.turns import Seen
from training.measuring.prediction import model_file


def test_servers_that_are_up_at_once_are_asked_in_turns(tmp_path: Path) -> None:
    ours = contenders()[:2]
    plan = Plan(model_file(Path("models/eye-shape")), PICTURES, (1, 2), 0.1, 0.1, tmp_path)
    found = paired.compare(ours, plan, turns=2)
    served = {(one.name, clients) for one in ours for clients in (1, 2)}
    assert set(found) == served | {(RAW, 2), (RAW_PHOTOS, 2), (batches.NAME, 2)}
    for seen in found.values():
        assert (len(seen.rates), seen.failures) == (2, 0)
        assert all(rate > 0 for rate in seen.rates)
    assert len(paired.by_clients(found)) == 7
    assert len(paired.beside(found, ours)) == 4
    assert len(paired.of_raw(found, ours[0])) == 6


def test_ratios_are_of_the_same_turn() -> None:
    ours, other = contenders()[0], contenders()[2]
    found = {
        (ours.name, 4): Seen([20.0, 50.0, 30.0], [10.0, 20.0]),
        (other.name, 4): Seen([10.0, 100.0, 20.0], [20.0, 40.0], failures=2),
    }
    assert paired.beside(found, [ours, other])[-1] == "| 4 | 1.50 | 1.00 to 1.75 | 2 of 3 | 0.50 |"
    assert paired.by_clients(found)[-1] == "| LitServe | 20.0; 30.0 / 39.0 / 39.8 (2 wrong) |"


def test_shares_of_raw_are_of_the_same_turn() -> None:
    ours = contenders()[0]
    found = {
        (ours.name, 16): Seen([90.0, 50.0, 70.0]),
        (RAW, 16): Seen([100.0, 100.0, 100.0]),
        (batches.NAME, 16): Seen([94.0, 96.0, 98.0]),
    }
    assert paired.of_raw(found, ours)[2:] == [
        f"| 16 | {ours.name} | {RAW} | 70% | 60% to 80% |",
        f"| 16 | {batches.NAME} | {RAW} | 96% | 95% to 97% |",
    ]


def test_the_ratios_are_written_for_the_table_of_targets() -> None:
    ours, other = contenders()[0], contenders()[2]
    found = {
        (ours.name, 4): Seen([20.0, 50.0, 30.0], [10.0, 20.0]),
        (other.name, 4): Seen([10.0, 100.0, 20.0], [20.0, 40.0]),
        (RAW, 4): Seen([40.0, 100.0, 30.0]),
        (batches.NAME, 4): Seen([36.0, 90.0, 30.0]),
    }
    assert paired.document(found, [ours, other]) == {
        "servers": {"LitServe": {4: {"answers": 1.5, "p99": 0.5}}},
        "bare": {RAW: 0.5},
        "batches": {RAW: 0.9},
    }
