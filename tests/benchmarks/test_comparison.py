import math
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from benchmarks.comparison import plots, summary
from benchmarks.comparison.contenders import contenders, environment
from benchmarks.comparison.load import Question, load, problem
from benchmarks.comparison.summary import RAW, Start, Step
from service.lifecycle.loading import load_predictor
from service.settings import Settings
from tests.benchmarks.answering import answering

READ = contenders()[0].read


def step(contender: str, number: int, throughput: float, clients: int = 1) -> Step:
    return Step(contender, number, clients, throughput, 5.0, 6.0, 7.0, 10, 1, 8.0, 90.0)


def test_the_service_serves_the_version_that_is_measured(tmp_path: Path) -> None:
    bundles = Path("models/eye-shape")
    oldest, newest = sorted(bundles.glob("[0-9]*"))[0], sorted(bundles.glob("[0-9]*"))[-1]
    for version in (oldest, newest):
        scratch = tmp_path / version.name
        models = Path(environment(version / "model.onnx", 1, 1, scratch)["SERVICE_MODELS"])
        assert [found.name for found in models.glob("eye-shape/*/model.onnx")] == ["model.onnx"]
        predictor = load_predictor(Settings(models=models, model="eye-shape"))
        assert [model.metadata.version for model in predictor.models] == [int(version.name)]


def test_percentiles_and_throughput_are_of_right_answers() -> None:
    found = summary.step("a", 1, 2, 2.0, [value / 1000 for value in range(1, 102)], 3, 0.101, 50.0)
    assert (found.p50, found.p95, found.p99) == pytest.approx((51.0, 96.0, 100.0))
    assert found.throughput == 50.5
    assert found.cpu == pytest.approx(1.0)
    assert summary.step("a", 1, 2, 2.0, [], 3, 0.1, 50.0).throughput == 0


def test_rounds_without_a_right_answer_have_no_percentiles_wherever_they_stand() -> None:
    rounds = [
        summary.step("a", number, 1, 1.0, [seconds], 0, 0.1, 50.0) for number, seconds in ((1, 0.3), (2, 0.1))
    ]
    nothing = summary.step("a", 3, 1, 1.0, [], 9, 0.1, 50.0)
    for steps in permutations([*rounds, nothing]):
        median = summary.median_step(steps, "a", 1)
        assert median is not None
        assert (median.p99, median.cpu) == pytest.approx((200.0, 100.0))
        assert (median.throughput, median.failures) == (1.0, 9)
    alone = summary.median_step([nothing], "a", 1)
    assert alone is not None
    assert math.isnan(alone.p99)


def test_ratio_is_against_the_raw_throughput_of_the_same_round() -> None:
    steps = [step(RAW, 1, 100), step(RAW, 1, 90, 2), step(RAW, 2, 50), step(RAW, 3, 200)]
    steps += [step("a", 1, 90), step("a", 2, 40), step("a", 3, 100)]
    assert summary.bound(steps) == 100
    assert summary.ratio(steps, "a", 1) == 0.8
    median = summary.median_step(steps, "a", 1)
    assert median is not None
    assert (median.throughput, median.failures) == (90, 3)
    assert summary.median_step(steps, "a", 16) is None


def test_tables_have_a_row_per_contender_and_a_dash_for_what_was_not_measured() -> None:
    steps = [step(RAW, 1, 100), step("a", 1, 50), step("a", 1, 60, 4)]
    rows = summary.overview(steps, [Start("a", 1, 1.25, 80.0)], 1)
    assert rows[-1] == ("| a | 50.0 | 50% | 5.0 ms | 6.0 ms | 7.0 ms | 8.0 ms | 80, 90 MB | 1.2 s | 1 |")
    assert summary.by_clients(steps)[-2:] == [
        f"| {RAW} | 100.0; 5.0 / 6.0 / 7.0 | - |",
        "| a | 50.0; 5.0 / 6.0 / 7.0 | 60.0; 5.0 / 6.0 / 7.0 |",
    ]


def test_pictures_are_small_enough_for_the_repository(tmp_path: Path) -> None:
    steps = [step(name, 1, 50, clients) for name in (RAW, "a", "b") for clients in (1, 2)]
    starts = [Start(name, 1, 1.0, 80.0) for name in ("a", "b")]
    for path in plots.draw(steps, starts, tmp_path):
        assert path.read_bytes()[:4] == b"\x89PNG"
        assert path.stat().st_size < 150_000


@pytest.mark.parametrize(
    ("status", "document", "wrong"),
    [
        (200, {"label": "round", "confidence": 0.71}, None),
        (200, {"results": [{"label": "round", "confidence": 0.7}]}, None),
        (200, {"label": "almond", "confidence": 0.7}, "wrong label"),
        (200, {"label": "round", "confidence": 0.9}, "wrong confidence"),
        (200, {"results": []}, "no label in the answer"),
        (503, {"label": "round", "confidence": 0.7}, "status 503"),
    ],
)
def test_answers_are_checked(status: int, document: dict[str, Any], wrong: str | None) -> None:
    assert problem(status, document, Question(b"", "round", 0.7), READ) == wrong


def test_clients_count_right_answers_only() -> None:
    questions = [Question(b"one", "round", 0.7), Question(b"two", "almond", 0.7)]
    with answering({"label": "round", "confidence": 0.7}) as port:
        seen = load(port, "/classify", questions, READ, 2, 0.2)
    assert seen.latencies
    assert set(seen.failures) == {"wrong label"}
