import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from service.errors import CorruptImage, EmptyFile, ImageTooLarge, UnsupportedFormat
from service.images import FORMATS, decode

RED, BLUE = (220, 30, 30), (30, 30, 220)


def two_halves(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    image = Image.new("RGB", size, BLUE)
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2 - 1, size[1]), RED)
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def assert_red_then_blue(data: bytes, tolerance: int = 60) -> None:
    pixels = decode(data).pixels.astype(int)
    assert pixels.shape == (48, 64, 3)
    assert np.abs(pixels[24, 8] - RED).max() < tolerance
    assert np.abs(pixels[24, 56] - BLUE).max() < tolerance


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format(kind: str) -> None:
    assert_red_then_blue(encoded(two_halves(), kind))


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("P", "PNG"), ("P", "GIF"), ("RGBA", "PNG"), ("RGBA", "WEBP")],
)
def test_colour_modes(mode: str, kind: str) -> None:
    assert_red_then_blue(encoded(two_halves(mode), kind))


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_gray_modes_become_three_equal_channels(mode: str) -> None:
    pixels = decode(encoded(two_halves(mode), "PNG")).pixels
    assert pixels.shape == (48, 64, 3)
    assert (pixels[..., 0] == pixels[..., 2]).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(kind: str) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, axis=0)
    row = decode(encoded(Image.fromarray(ramp), kind)).pixels[0, :, 0].astype(int)
    assert np.abs(row - np.arange(256)).max() <= 1


def test_transparent_pixels_are_white() -> None:
    data = encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG")
    assert (decode(data).pixels == 255).all()


def test_only_the_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.abs(decode(data).pixels[4, 4].astype(int) - RED).max() < 40


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (64, 48), (8, 24)),
        (2, (64, 48), (56, 24)),
        (3, (64, 48), (56, 24)),
        (6, (48, 64), (24, 8)),
        (8, (48, 64), (24, 56)),
    ],
)
def test_exif_orientation(orientation: int, size: tuple[int, int], red_at: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encoded(two_halves(), "JPEG", exif=exif, quality=95))
    assert (picture.width, picture.height) == size
    x, y = red_at
    assert picture.pixels[y, x, 0] > 150 > picture.pixels[y, x, 2]


def test_a_large_jpeg_is_decoded_at_reduced_scale() -> None:
    picture = decode(encoded(two_halves(size=(1600, 1200)), "JPEG"), min_side=200)
    assert (picture.width, picture.height) == (1600, 1200)
    assert picture.pixels.shape == (300, 400, 3)
    assert picture.reduction == 0.25


def test_a_small_jpeg_is_decoded_in_full() -> None:
    assert decode(encoded(two_halves(), "JPEG"), min_side=200).pixels.shape == (48, 64, 3)


def test_empty() -> None:
    with pytest.raises(EmptyFile, match="an empty file"):
        decode(b"")


@pytest.mark.parametrize(
    "data", [b"hello", b"%PDF-1.7\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\0" * 99]
)
def test_other_formats(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match="in another format"):
        decode(data)


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_files(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises((CorruptImage, UnsupportedFormat)):
        decode(data[: len(data) // 2])


def test_too_many_pixels_are_refused_before_decoding() -> None:
    data = encoded(two_halves(), "PNG")
    with pytest.raises(ImageTooLarge, match="64 x 48 = 3,072 pixels"):
        decode(data, max_pixels=3071)
    with pytest.raises(ImageTooLarge, match="at most 50,000,000 pixels and 63 pixels a side"):
        decode(data, max_side=63)
    assert decode(data, max_pixels=3072, max_side=64).width == 64
