"""int8 weights whose sums fit 16 bits on a CPU without VNNI."""

import numpy as np
import pytest

from training.quantization.weights import PAIR_LIMIT, Weights, bias_shift, rounded, safe_scales


def kernels(seed: int, shape: tuple[int, ...] = (16, 8, 3, 3)) -> Weights:
    # Heavy tails, as trained kernels have them.
    return np.random.default_rng(seed).standard_t(3, shape).astype(np.float32)


def largest_pair(levels: Weights) -> float:
    """The worst a saturating pair can meet: neighbours of one sign, in both orders."""
    flat = levels.reshape(len(levels), -1)
    orders = [flat] if levels.ndim == 2 else [flat, np.moveaxis(levels, 1, -1).reshape(len(levels), -1)]
    parts = [np.maximum(sign * order, 0) for order in orders for sign in (1, -1)]
    return max(float((part[:, 1:] + part[:, :-1]).max()) for part in parts)


@pytest.mark.parametrize("shape", [(16, 8, 3, 3), (4, 300), (3, 1)])
@pytest.mark.parametrize("seed", range(3))
def test_neighbours_fit_sixteen_bits(shape: tuple[int, ...], seed: int) -> None:
    rows = kernels(seed, shape)
    scales = safe_scales(rows)
    levels = np.rint(rounded(rows, scales) / scales.reshape(-1, *[1] * (rows.ndim - 1)))
    assert np.abs(levels).max() <= 127
    if rows[0].size > 1:
        assert largest_pair(levels) <= PAIR_LIMIT
        assert 255 * largest_pair(levels) <= np.iinfo(np.int16).max


def test_eight_plain_bits_would_not_fit() -> None:
    rows = np.array([[1.0, 1.0, -0.5]], dtype=np.float32)
    assert largest_pair(np.rint(rows / (np.abs(rows).max() / 127))) == 254
    assert safe_scales(rows)[0] == pytest.approx(2 / 127)


def test_a_lonely_large_weight_keeps_all_bits() -> None:
    rows = np.array([[0.0, 1.0, 0.0, -1.0, 1.0]], dtype=np.float32)
    assert safe_scales(rows)[0] == pytest.approx(1 / 127)


def test_a_dead_channel_has_a_scale() -> None:
    assert safe_scales(np.zeros((2, 4), dtype=np.float32)).tolist() == [1.0, 1.0]


def test_the_bias_makes_up_for_rounding() -> None:
    rows = kernels(5)
    coarse = safe_scales(rows) * 8
    means = np.random.default_rng(1).uniform(0, 3, (rows.shape[1],)).astype(np.float32)
    exact = (rows * means[:, None, None]).sum(axis=(1, 2, 3))
    lossy = (rounded(rows, coarse) * means[:, None, None]).sum(axis=(1, 2, 3))
    assert np.abs(exact - lossy).max() > 0.1
    assert lossy + bias_shift(rows, coarse, means) == pytest.approx(exact, abs=1e-3)
