"""Maps of what decided, on networks whose reasons are known."""

from collections.abc import Iterator

import numpy as np

from service.pictures.geometry import RGB
from training.look.evidence import occlude, places
from training.look.inside import Layer, Values
from training.look.network import Step


def by_red_corner(pictures: RGB) -> Values:
    """The first class is as likely as the upper left corner is red."""
    red = np.clip(pictures[:, :8, :8, 0].mean(axis=(1, 2)) / 255, 0.01, 0.99)
    return np.stack([red, 1 - red], axis=1).astype(np.float32)


def as_is(batches: Iterator[int]) -> Iterator[int]:
    return batches


def test_hiding_the_part_that_decides_changes_the_answer() -> None:
    picture = np.zeros((32, 32, 3), dtype=np.uint8)
    picture[:8, :8, 0] = 255
    found = occlude(picture, by_red_corner, 8, as_is)
    assert found.change.shape == (2, 32, 32)
    row, column = np.unravel_index(found.change[0].argmax(), (32, 32))
    assert row < 8 and column < 8
    assert abs(found.change[0, 16:, 16:]).max() < 1e-6
    assert found.lowest[0] < 0.3
    np.testing.assert_allclose(found.change[0], -found.change[1], atol=1e-6)


def test_a_place_of_the_last_map_speaks_for_its_class() -> None:
    values = np.ones((2, 3, 3), dtype=np.float32)
    values[0, 2, 1] = 5
    layer = Layer(Step("block1_pool", "pool", "block1", "x", 0, (2, 2)), values)

    def classify(maps: Values) -> Values:
        first, second = maps.mean(axis=(2, 3)).T
        share = 1 / (1 + np.exp(second - first))
        return np.stack([share, 1 - share], axis=1)

    found = places(layer, classify)
    assert np.unravel_index(found[0].argmax(), (3, 3)) == (2, 1)
    assert found[1, 2, 1] < 0
