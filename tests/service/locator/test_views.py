import math
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from service.locator.scene import Scene
from service.locator.views import FINENESS, View
from service.pictures.geometry import RGB, Held
from service.pictures.turned import Turned

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.5]])


@pytest.fixture
def picture() -> RGB:
    return np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def test_points_go_to_the_picture_and_back() -> None:
    view = View(30, 20, 16, angle=0.3)
    np.testing.assert_allclose(view.from_picture(view.to_picture(CORNERS)), CORNERS, atol=1e-12)
    quarter = View(30, 20, 16, angle=math.pi / 2)
    np.testing.assert_allclose(quarter.to_picture(CORNERS), [[38, 12], [38, 28], [22, 28], [30, 20]])


def test_a_view_of_the_same_scale_holds_the_pixels_themselves(picture: RGB) -> None:
    # A pixel of a view shows the upper left corner of its place, where four pixels of a picture meet.
    view = View(20, 16, 8).pixels(picture, 8, repeat_border=True)
    np.testing.assert_array_equal(view, picture[12:20, 16:24])


def test_half_a_pixel_mixes_neighbours(picture: RGB) -> None:
    view = View(20.5, 16, 8).pixels(picture, 8, repeat_border=True).astype(int)
    left, right = picture[12:20, 16:24].astype(int), picture[12:20, 17:25].astype(int)
    assert np.abs(view - (left + right) / 2).max() <= 0.5


def test_a_turned_view_shows_a_turned_picture(picture: RGB) -> None:
    square = np.ascontiguousarray(picture[:, :40])
    upright = View(20, 20, 8).pixels(square, 8, repeat_border=True)
    clockwise = np.ascontiguousarray(np.rot90(square, -1))
    turned = View(19, 20, 8, angle=math.pi / 2).pixels(clockwise, 8, repeat_border=True)
    np.testing.assert_array_equal(turned, upright)


def test_outside_is_the_border_or_black(picture: RGB) -> None:
    beside = View(-30, -30, 10)
    assert (beside.pixels(picture, 4, repeat_border=True) == picture[0, 0]).all()
    assert (beside.pixels(picture, 4, repeat_border=False) == 0).all()
    whole = View.whole(60, 40).pixels(picture, 60, repeat_border=False)
    assert (whole[:9] == 0).all() and (whole[-9:] == 0).all()
    assert whole[12:48].mean() > 100


def test_much_larger_pictures_are_averaged_first() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (800, 800, 3), dtype=np.uint8)
    fine = View(400, 400, 800 / FINENESS).pixels(noise, 100, repeat_border=True)
    coarse = View(400, 400, 800).pixels(noise, 10, repeat_border=True)
    assert coarse.std() < 0.3 * fine.std()


def test_the_margin_widens_the_whole() -> None:
    assert View.whole(30, 10, margin=0.5) == View(15, 5, 45)


@pytest.mark.parametrize(
    "hold",
    [
        pytest.param(np.asarray, id="NumPy"),
        pytest.param(Image.fromarray, id="Pillow"),
        pytest.param(lambda pixels: Turned(Image.fromarray(np.rot90(pixels).copy()), 6), id="turned"),
    ],
)
def test_a_view_is_the_same_whoever_holds_the_picture(hold: Callable[[RGB], RGB | Held]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 410, 3), dtype=np.uint8)
    scene, mirrored = Scene(hold(noise)), np.ascontiguousarray(noise[:, ::-1])
    assert scene.size == (410, 300)
    for view in (View(200, 150, 90), View(190.4, 140.3, 351, 0.4), View(40, 280, 200), View(700, 1, 300)):
        np.testing.assert_array_equal(view.pixels(scene, 16, True), view.pixels(noise, 16, True))
        np.testing.assert_array_equal(view.pixels(scene.mirrored, 16, True), view.pixels(mirrored, 16, True))
