import math
from collections import Counter

import pytest

from benchmarks.comparison import load
from benchmarks.comparison.turns import Seen, moved_on, quartiles, ratios


@pytest.mark.parametrize(("turn", "first"), [(0, "a"), (1, "b"), (3, "a")])
def test_the_order_moves_on(turn: int, first: str) -> None:
    moved = list(moved_on("abc", turn))
    assert moved[0] == first
    assert sorted(moved) == ["a", "b", "c"]


def test_cost_is_for_each_right_answer() -> None:
    seen = Seen()
    seen.add(load.Seen([0.01, 0.03], Counter(["wrong label"]), 0.5, 0.02, 90.0))
    seen.add(load.Seen([], Counter(["status 503"] * 2), 0.5, 0.02, 91.0))
    assert (seen.rates, seen.failures, seen.memory) == ([4.0, 0.0], 3, [90.0, 91.0])
    assert seen.cpu[0] == pytest.approx(10.0)
    assert math.isnan(seen.cpu[1])
    assert seen.percentile(50) == pytest.approx(20.0)
    assert math.isnan(Seen().percentile(50))


def test_a_server_without_any_answer_is_infinitely_far_behind() -> None:
    assert ratios([2.0, 3.0], [4.0, 0.0]) == [0.5, math.inf]
    assert all(math.isnan(value) for value in quartiles([math.inf] * 3))
