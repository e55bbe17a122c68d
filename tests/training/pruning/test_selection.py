"""Which channels go, and how well the others stand in for them."""

import numpy as np
import pytest

from training.pruning.moments import Moments
from training.pruning.selection import MULTIPLE, select

RANDOM = np.random.default_rng(0)
WINDOW, OUTPUTS, COUNT = 3, 5, 4000


def samples(channels: int, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows of channels that are mixtures of `rank` of them, and sums of the windows."""
    basis = RANDOM.normal(1, 1, (COUNT, rank, WINDOW))
    mixture = np.concatenate([np.eye(rank), RANDOM.normal(0, 1, (channels - rank, rank))])
    x = np.einsum("cr,nrw->ncw", mixture, basis).reshape(COUNT, -1)
    return x, x @ RANDOM.normal(0, 1, (x.shape[1], OUTPUTS)) + 7


def moments(x: np.ndarray, y: np.ndarray) -> Moments:
    return Moments.of(iter(zip(np.split(x, 4), np.split(y, 4), strict=True)), relu=False)


def test_channels_that_others_make_up_for_are_taken_away() -> None:
    x, y = samples(channels=64, rank=MULTIPLE)
    found = select(moments(x, y), 64, residual=0.01)
    assert len(found.keep) == MULTIPLE
    assert found.keep.tolist() == sorted(found.keep)
    rows = (found.keep[:, None] * WINDOW + np.arange(WINDOW)).ravel()
    error = np.square(x[:, rows] @ found.weights + found.bias - y).sum() / np.square(y - y.mean(axis=0)).sum()
    assert error == pytest.approx(found.after, abs=1e-6)
    assert error < 0.01


def test_channels_that_nothing_makes_up_for_stay() -> None:
    x, y = samples(channels=64, rank=64)
    assert len(select(moments(x, y), 64, residual=0.001).keep) == 64


def test_more_may_go_where_more_may_be_lost() -> None:
    both = moments(*samples(channels=96, rank=80))
    kept = [select(both, 96, residual) for residual in (0.001, 0.03, 0.9)]
    assert [len(one.keep) % MULTIPLE for one in kept] == [0, 0, 0]
    counts = [len(one.keep) for one in kept]
    assert counts == sorted(counts, reverse=True) and len(set(counts)) == 3
    for one, residual in zip(kept, (0.001, 0.03, 0.9), strict=True):
        assert one.after - one.before <= residual + 1e-6


def test_the_cheapest_channel_is_the_one_that_least_squares_misses_least() -> None:
    x, y = samples(channels=MULTIPLE + 1, rank=MULTIPLE + 1)
    y = y + RANDOM.normal(0, 1, y.shape)
    errors = []
    for channel in range(MULTIPLE + 1):
        rest = np.delete(x.reshape(COUNT, -1, WINDOW), channel, axis=1).reshape(COUNT, -1)
        columns = np.column_stack([rest, np.ones(COUNT)])
        fitted = columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
        errors.append(np.square(y - fitted).sum())
    (gone,) = set(range(MULTIPLE + 1)) - set(select(moments(x, y), MULTIPLE + 1, residual=0.9).keep.tolist())
    assert gone == int(np.argmin(errors))


def test_what_a_relu_swallows_costs_nothing() -> None:
    x, y = samples(channels=32, rank=32)
    # The last 16 channels speak only for sums that are never above 0.
    below = x.reshape(COUNT, 32, WINDOW)[:, 16:].sum(axis=(1, 2)) - 1000
    sums = np.column_stack([x[:, : 16 * WINDOW] @ RANDOM.normal(0, 1, (16 * WINDOW, OUTPUTS)), below])
    found = select(Moments.of(iter([(x, sums)])), 32, residual=1e-4)
    assert found.keep.tolist() == list(range(16))
    assert len(select(moments(x, sums), 32, residual=1e-4).keep) == 32


def test_a_channel_that_never_changes_is_no_trouble() -> None:
    x, y = samples(channels=32, rank=MULTIPLE)
    x[:, :WINDOW] = 0
    found = select(moments(x, y), 32, residual=0.9)
    assert np.isfinite(found.weights).all()
