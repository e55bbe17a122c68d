import numpy as np
from numpy.typing import NDArray

from training.learning.distortion import OVERSIZE, distort

SIZE = 32
SIDE = round(SIZE * OVERSIZE)


def disc() -> NDArray[np.uint8]:
    """A bright disc in the middle of a dark picture."""
    y, x = np.mgrid[:SIDE, :SIDE]
    bright = (x - SIDE / 2) ** 2 + (y - SIDE / 2) ** 2 < (SIDE / 8) ** 2
    return np.repeat(np.where(bright, 210, 60).astype(np.uint8)[:, :, None], 3, axis=2)


def test_seed_decides_the_variation() -> None:
    first, again, other = (distort(disc(), np.random.default_rng(seed), SIZE) for seed in (1, 1, 2))
    assert first.shape == (SIZE, SIZE, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_middle_stays_in_the_middle() -> None:
    for seed in range(40):
        varied = distort(disc(), np.random.default_rng(seed), SIZE).astype(float)
        middle = varied[14:18, 14:18].mean()
        assert middle > varied[:4].mean() + 20, seed


def test_some_are_covered_below() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    varied = [distort(noise, np.random.default_rng(seed), SIZE) for seed in range(40)]
    covered = [picture for picture in varied if not np.ptp(picture[-2:], axis=(0, 1)).any()]
    assert 4 < len(covered) < 20
