"""Pictures that are decoded smaller than they are, and turned."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from service.pictures.geometry import RGB, Square
from service.pictures.images import decode
from tests.halves import RED, encoded, two_halves


def test_a_large_jpeg_is_decoded_at_reduced_scale() -> None:
    picture = decode(encoded(two_halves(size=(1600, 1200)), "JPEG"), min_side=200)
    assert (picture.width, picture.height) == (1600, 1200)
    assert picture.pixels.shape == (300, 400, 3)
    assert picture.reduction == 0.25


def test_a_small_jpeg_is_decoded_in_full() -> None:
    assert decode(encoded(two_halves(), "JPEG"), min_side=200).pixels.shape == (48, 64, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("min_side", [None, 8])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_every_orientation_is_the_one_pillow_means(kind: str, orientation: int, min_side: int | None) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 30, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(picture, kind, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    found = decode(data, min_side)
    assert (found.width, found.height) == expected.size
    reduced = np.asarray(expected if min_side is None else expected.reduce(3))
    np.testing.assert_array_equal(found.pixels, reduced)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_a_picture_larger_than_needed_is_reduced(kind: str) -> None:
    picture = decode(encoded(two_halves(size=(640, 480)), kind), min_side=150)
    assert (picture.width, picture.height) == (640, 480)
    assert picture.pixels.shape == (160, 214, 3)
    assert np.abs(picture.pixels[80, 20].astype(int) - RED).max() < 60


@pytest.mark.parametrize(("kind", "reduction"), [("PNG", 1 / 5), ("JPEG", 1 / 4)])
def test_places_are_told_exactly_where_the_last_pixels_stand_for_fewer(kind: str, reduction: float) -> None:
    photo = Image.new("RGB", (1001, 641))
    photo.paste((255, 255, 255), (980, 620, 1000, 640))
    found = decode(encoded(photo, kind), min_side=120)
    assert found.reduction == reduction
    rows, columns = np.nonzero(found.pixels[..., 0] > 127)
    assert columns.min() / reduction == pytest.approx(980, abs=4)
    assert (rows.max() + 1) / reduction == pytest.approx(640, abs=4)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "TIFF"])
def test_places_are_told_exactly_however_a_reduced_picture_was_turned(kind: str, orientation: int) -> None:
    photo = Image.new("RGB", (1005, 646))
    photo.paste((255, 255, 255), (300, 120, 340, 160))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(photo, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))
    full, found = ImageOps.exif_transpose(Image.open(io.BytesIO(data))), decode(data, min_side=80)
    assert found.factor == 8
    (x, y), (left, top) = middle_of_light(np.asarray(full)), middle_of_light(found.pixels)
    told = found.to_original(Square(left, top, 1))
    assert (told.left, told.top) == pytest.approx((x, y), abs=0.3)
    assert told.side == 8
    again = found.from_original(told)
    assert (again.left, again.top, again.side) == pytest.approx((left, top, 1))


def middle_of_light(pixels: RGB) -> tuple[float, float]:
    light = pixels[..., 0].astype(float)
    columns, rows = (np.arange(length) + 0.5 for length in light.shape[::-1])
    return float((light.sum(0) * columns).sum() / light.sum()), float(
        (light.sum(1) * rows).sum() / light.sum()
    )
