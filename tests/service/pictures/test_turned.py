import numpy as np
import pytest
from PIL import Image, ImageOps

from service.pictures.geometry import Square, cut
from service.pictures.turned import Turned
from service.pictures.upright import as_array, upright_rgb

BOXES = ((0, 0, 24, 24), (3, 5, 17, 22), (20, 1, 24, 2), (0, 0, 1, 24))


def image(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def seen(stored: Image.Image, orientation: int) -> Image.Image:
    """As Pillow turns it."""
    stored.getexif()[0x0112] = orientation
    return ImageOps.exif_transpose(stored)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_pieces_of_a_turned_picture_are_the_upright_ones(orientation: int) -> None:
    stored = image(24, 30)
    turned, expected = Turned(stored, orientation), seen(stored, orientation)
    assert turned.size == expected.size
    for box in BOXES:
        np.testing.assert_array_equal(np.asarray(turned.crop(box)), np.asarray(expected.crop(box)))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("square", [Square(2.4, 5.7, 15.3), Square(-3, 12, 20)])
def test_a_square_of_a_turned_picture_is_that_of_the_upright_one(orientation: int, square: Square) -> None:
    stored = image(24, 30)
    expected = np.asarray(seen(stored, orientation))
    np.testing.assert_array_equal(
        cut(upright_rgb(stored, orientation), square, 16), cut(expected, square, 16)
    )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_picture_is_turned_in_bands(orientation: int) -> None:
    stored = image(1300, 1100)
    expected = np.asarray(seen(stored, orientation))
    np.testing.assert_array_equal(as_array(upright_rgb(stored, orientation)), expected)
