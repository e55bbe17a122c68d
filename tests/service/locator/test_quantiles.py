"""Medians and percentiles beside NumPy's own."""

import numpy as np
import pytest

from service.locator.quantiles import median, percentiles


@pytest.mark.parametrize("count", [1, 2, 3, 4, 9, 256])
def test_as_numpy_has_them(count: int) -> None:
    random = np.random.default_rng(count)
    levels = random.normal(size=count)
    assert median(levels) == np.median(levels)
    found = percentiles(levels, (0, 10, 37.5, 90, 100))
    np.testing.assert_allclose(found, np.percentile(levels, (0, 10, 37.5, 90, 100)), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("looks", [1, 2, 3, 8])
def test_the_median_of_points_is_taken_for_each_coordinate(looks: int) -> None:
    points = np.random.default_rng(looks).normal(size=(looks, 21, 2))
    before = points.copy()
    np.testing.assert_array_equal(median(points), np.median(points, axis=0))
    np.testing.assert_array_equal(points, before)
