"""Which channels go, and how well the others stand in for them."""

from dataclasses import dataclass

import numpy as np
import pytest

from training.pruning.moments import Moments
from training.pruning.selection import MULTIPLE, Selection, select

RANDOM = np.random.default_rng(0)
WINDOW, OUTPUTS, COUNT = 3, 5, 4000


@dataclass(frozen=True)
class Samples:
    """Windows of channels, and sums of them."""

    x: np.ndarray
    weights: np.ndarray
    y: np.ndarray

    @classmethod
    def of(cls, channels: int, rank: int) -> "Samples":
        """Channels that are mixtures of `rank` of them."""
        basis = RANDOM.normal(1, 1, (COUNT, rank, WINDOW))
        mixture = np.concatenate([np.eye(rank), RANDOM.normal(0, 1, (channels - rank, rank))])
        x = np.einsum("cr,nrw->ncw", mixture, basis).reshape(COUNT, -1)
        weights = RANDOM.normal(0, 1, (x.shape[1], OUTPUTS))
        return cls(x, weights, x @ weights + 7)

    def select(self, residual: float, relu: bool = False) -> Selection:
        batches = zip(np.split(self.x, 4), np.split(self.y, 4), strict=True)
        moments = Moments.of(batches, [np.ones(self.y.shape[1])], relu)
        return select(moments, self.weights, self.x.shape[1] // WINDOW, residual)


def test_channels_that_others_make_up_for_are_taken_away() -> None:
    given = Samples.of(channels=64, rank=MULTIPLE)
    found, x, y = given.select(0.01), given.x, given.y
    assert len(found.keep) == MULTIPLE
    assert found.keep.tolist() == sorted(found.keep)
    rows = (found.keep[:, None] * WINDOW + np.arange(WINDOW)).ravel()
    error = np.square(x[:, rows] @ found.weights + found.bias - y).sum() / np.square(y - y.mean(axis=0)).sum()
    assert error == pytest.approx(found.unexplained, abs=1e-6)
    assert error < 0.01


def test_channels_that_nothing_makes_up_for_stay() -> None:
    assert len(Samples.of(channels=64, rank=64).select(0.001).keep) == 64


def test_all_channels_stay_where_fewer_than_a_multiple_could_go() -> None:
    """Six of 108 could go, but 102 are not computed faster, and the next multiple is beyond 108."""
    assert len(Samples.of(channels=108, rank=102).select(0.001).keep) == 108


def test_more_may_go_where_more_may_be_lost() -> None:
    given = Samples.of(channels=96, rank=80)
    kept = [given.select(residual) for residual in (0.001, 0.03, 0.9)]
    assert [len(one.keep) % MULTIPLE for one in kept] == [0, 0, 0]
    counts = [len(one.keep) for one in kept]
    before = given.select(0).unexplained
    assert counts == sorted(counts, reverse=True) and len(set(counts)) == 3
    for one, residual in zip(kept, (0.001, 0.03, 0.9), strict=True):
        assert one.unexplained - before <= residual + 1e-6


def test_the_cheapest_channel_is_the_one_that_least_squares_misses_least() -> None:
    given = Samples.of(channels=MULTIPLE + 1, rank=MULTIPLE + 1)
    x, y = given.x, given.y
    errors = []
    for channel in range(MULTIPLE + 1):
        rest = np.delete(x.reshape(COUNT, -1, WINDOW), channel, axis=1).reshape(COUNT, -1)
        columns = np.column_stack([rest, np.ones(COUNT)])
        fitted = columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
        errors.append(np.square(y - fitted).sum())
    (gone,) = set(range(MULTIPLE + 1)) - set(given.select(0.9).keep.tolist())
    assert gone == int(np.argmin(errors))


def test_what_a_relu_swallows_costs_nothing() -> None:
    given = Samples.of(channels=32, rank=32)
    # The last 16 channels speak only for sums that are never above 0.
    weights = given.weights.copy()
    weights[16 * WINDOW :] = 0
    weights[:, -1] = np.repeat([0, 1], 16 * WINDOW)
    below = Samples(given.x, weights, given.x @ weights - np.append(np.zeros(OUTPUTS - 1), 1000))
    assert below.select(1e-4, relu=True).keep.tolist() == list(range(16))
    assert len(below.select(1e-4).keep) == 32


def test_weights_that_the_windows_do_not_tell_about_stay_as_they_were() -> None:
    given = Samples.of(channels=32, rank=32)
    given.x[:, :WINDOW] = 0
    found = Samples(given.x, given.weights, given.x @ given.weights).select(1e-12)
    assert len(found.keep) == 32
    np.testing.assert_allclose(found.weights, given.weights, atol=1e-6)


def test_loud_sums_count_for_more() -> None:
    given = Samples.of(channels=32, rank=32)
    # Each half of the channels speaks for a sum of its own.
    weights = np.zeros((32 * WINDOW, 2))
    weights[: 16 * WINDOW, 0] = weights[16 * WINDOW :, 1] = 1
    batch: list[tuple[np.ndarray, np.ndarray]] = [(given.x, given.x @ weights)]
    for loud, half in (((100, 1), range(16)), ((1, 100), range(16, 32))):
        moments = Moments.of(iter(batch), [np.array(loud, np.float64)], relu=False)
        assert select(moments, weights, 32, residual=0.05).keep.tolist() == list(half)


def test_a_map_that_is_the_same_everywhere_can_be_thinned() -> None:
    channels = 2 * MULTIPLE
    nothing = Samples(
        np.zeros((COUNT, channels * WINDOW)), np.ones((channels * WINDOW, OUTPUTS)), np.ones((COUNT, OUTPUTS))
    )
    assert len(nothing.select(0.01).keep) == MULTIPLE
