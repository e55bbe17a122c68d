import numpy as np
import pytest
from PIL import Image

from service.locator.views import View
from service.pictures.geometry import Square, cut, with_surroundings


def gradient(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rows, columns = np.mgrid[0:height, 0:width]
    picture = np.stack([columns * 255 / width, rows * 255 / height, np.zeros((height, width))], axis=-1)
    return picture.astype(np.uint8)


def test_square_around_a_level_eye() -> None:
    square = Square.around_eye((10, 50), (50, 50), scale=2.0, centre=0.55)
    assert (square.left, square.top, square.side) == pytest.approx((-10, 6, 80))


def test_square_around_a_tilted_eye_uses_the_distance_of_the_corners() -> None:
    assert Square.around_eye((0, 0), (30, 40), scale=2.0, centre=0.5).side == pytest.approx(100)


@pytest.mark.parametrize(("scale", "centre"), [(1.2, 0.5), (2.0, 0.55), (1.0, 0.3)])
def test_narrowing_a_crop_equals_cutting_the_photo(scale: float, centre: float) -> None:
    corners = ((110.0, 90.0), (150.0, 96.0))
    wide = Square.around_eye(*corners, scale=2.0, centre=0.55)
    narrow = wide.narrowed(2.0, 0.55, scale, centre)
    expected = Square.around_eye(*corners, scale=scale, centre=centre)
    assert (narrow.left, narrow.top, narrow.side) == pytest.approx(
        (expected.left, expected.top, expected.side)
    )


def test_central_square_of_a_landscape_and_a_portrait() -> None:
    assert Square.central(300, 200) == Square(50, 0, 200)
    assert Square.central(200, 301) == Square(0, 50.5, 200)


def test_cutting_the_whole_picture_keeps_every_pixel() -> None:
    picture = gradient(40, 40)
    assert np.array_equal(cut(picture, Square(0, 0, 40), 40), picture)


def test_the_border_repeats_outside_the_picture() -> None:
    picture = gradient(20, 20)
    patch = cut(picture, Square(-20, -20, 20), 20)
    assert (patch == picture[0, 0]).all()


def test_a_square_over_a_corner_keeps_the_inside() -> None:
    picture = gradient(20, 20)
    assert np.array_equal(cut(picture, Square(10, 10, 20), 20)[:10, :10], picture[10:, 10:])


def test_the_same_square_of_a_larger_picture_looks_the_same() -> None:
    small, large = gradient(100, 100), gradient(400, 400)
    square = Square(-10.5, 20.25, 60)
    difference = cut(small, square, 32).astype(int) - cut(large, square.scaled(4), 32).astype(int)
    assert np.abs(difference).max() <= 4


@pytest.mark.parametrize(
    "square",
    [Square(0, 0, 40), Square(3, 5, 20), Square(2.4, 7.7, 21.3), Square(0, 10, 40), Square(-3, 25, 30)],
)
def test_pixels_in_the_hands_of_pillow_give_the_same_square(square: Square) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (50, 40, 3), dtype=np.uint8)
    np.testing.assert_array_equal(cut(Image.fromarray(picture), square, 16), cut(picture, square, 16))


@pytest.mark.parametrize(
    "square",
    [Square(30, 20, 20), Square(2.4, 7.7, 21.3), Square(-3, 45, 9), Square(75, 55, 30), Square(90, 70, 8)],
)
@pytest.mark.parametrize("size", [1, 16])
def test_a_square_looks_the_same_in_its_surroundings(square: Square, size: int) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    near, there = with_surroundings(picture, square)
    assert near.shape[0] <= 3 * square.side + 2
    np.testing.assert_array_equal(cut(near, there, size), cut(picture, square, size))
    np.testing.assert_array_equal(
        view_of(there).pixels(near, size, True), view_of(square).pixels(picture, size, True)
    )


def view_of(square: Square) -> View:
    return View(square.left + square.side / 2, square.top + square.side / 2, square.side)
