import numpy as np

from training.learning.augmentation import vary, vary_each

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3), dtype=np.uint8)


def test_seed_decides_the_variation() -> None:
    seeds = [[1, 2, 3], [1, 2, 4], [1, 2, 3]]
    first = vary_each(IMAGES[[0, 0, 0]], seeds)
    assert first.shape == (3, 48, 48, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first[0], first[2])
    assert not np.array_equal(first[0], first[1])


def test_the_original_is_not_changed() -> None:
    before = IMAGES.copy()
    vary(IMAGES[0], np.random.default_rng(1))
    assert np.array_equal(IMAGES, before)


def test_variation_is_mild() -> None:
    y, x = np.mgrid[:64, :64]
    disc = np.where((x - 32) ** 2 + (y - 32) ** 2 < 200, 200, 60).astype(np.uint8)
    picture = np.repeat(disc[:, :, None], 3, axis=2)
    for seed in range(20):
        varied = vary(picture, np.random.default_rng(seed))
        assert varied[28:36, 28:36].mean() > varied[:6, :6].mean() + 50  # still a bright disc in the middle
        assert varied.min() > 20  # no black corners
