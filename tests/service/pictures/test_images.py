import io
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.errors import CorruptImage, EmptyFile, ImageTooLarge, UnsupportedFormat
from service.pictures.images import FORMATS, decode
from tests.halves import BLUE, RED, assert_red_then_blue, encoded, two_halves
from tests.uploads import chunk, png_header, tiff

Gray = NDArray[np.generic]


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


@pytest.mark.parametrize(("brand", "heic"), [("heic", True), ("mif1", True), ("isom", False)])
def test_photos_of_iphones_are_called_what_they_are(brand: str, heic: bool) -> None:
    data = struct.pack(">I4s4sI4s", 20, b"ftyp", brand.encode(), 0, brand.encode()) + bytes(40)
    said = "a HEIC photo, as iPhones take them; save it as JPEG." if heic else "60 bytes in another format."
    with pytest.raises(UnsupportedFormat, match=f"Received: {said}"):
        decode(data)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(kind: str) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, axis=0)
    row = decode(encoded(Image.fromarray(ramp), kind)).pixels[0, :, 0].astype(int)
    assert np.abs(row - np.arange(256)).max() <= 1


def test_twelve_bits_of_gray_are_scaled_too() -> None:
    pixels = bytes.fromhex("000800ffffff") * 10  # two of each row's four are white
    data = tiff({256: 4, 257: 10, 258: 12, 259: 1, 262: 1, 273: 8, 277: 1, 278: 10, 279: 60})
    found = decode(data[:8] + pixels + data[8 + len(pixels) :]).pixels
    assert found[:, :, 0].tolist() == [[0, 128, 255, 255]] * 10


def test_transparent_pixels_are_white() -> None:
    data = encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG")
    assert (decode(data).pixels == 255).all()


@pytest.mark.parametrize("premultiplied", [1, 2])
def test_a_gray_tiff_with_an_alpha_channel(premultiplied: int) -> None:
    data = encoded(Image.new("LA", (8, 8), (200, 255)), "TIFF").replace(
        struct.pack("<HHIHH", 338, 3, 1, 2, 0), struct.pack("<HHIHH", 338, 3, 1, premultiplied, 0)
    )
    assert Image.open(io.BytesIO(data)).mode == {1: "La", 2: "LA"}[premultiplied]
    assert (decode(data).pixels == 200).all()


def test_only_the_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.abs(decode(data).pixels[4, 4].astype(int) - RED).max() < 40


@pytest.mark.parametrize("mode", ["P", "L"])
def test_white_is_around_the_first_frame_of_a_gif_that_is_smaller_than_its_screen(mode: str) -> None:
    frame = Image.new("RGB", (8, 6), (60, 60, 60))
    data = bytearray(encoded(frame.quantize(2) if mode == "P" else frame.convert(mode), "GIF"))
    data[6:10] = struct.pack("<HH", 20, 16)
    place = data.index(b",\0\0\0\0\x08\0\x06\0")
    data[place + 1 : place + 5] = struct.pack("<HH", 5, 4)
    expected = np.full((16, 20, 3), 255)
    expected[4:10, 5:13] = 60
    np.testing.assert_array_equal(decode(bytes(data)).pixels, expected)


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


def test_empty() -> None:
    with pytest.raises(EmptyFile, match="an empty file"):
        decode(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"%PDF-1.7\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0" * 99,
        b"BMI,weight,height\n22.5,64,1.69\n",
    ],
)
def test_other_formats(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match="in another format"):
        decode(data)


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_files(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(CorruptImage):
        decode(data[: len(data) // 2])
    if kind != "BMP":
        with pytest.raises(CorruptImage):
            decode(data[:16])


def test_a_header_that_is_damaged_is_no_other_format() -> None:
    data = bytearray(encoded(two_halves(), "PNG"))
    data[30] ^= 1  # of the checksum of the first chunk
    with pytest.raises(CorruptImage, match="header is damaged, or of a kind that is not read"):
        decode(bytes(data))


def test_sixteen_bits_of_gray_have_a_transparent_one() -> None:
    gray = np.full((48, 64), 65535, np.uint16)
    gray[:, 32:] = 20_000
    data = encoded(Image.fromarray(gray), "PNG", transparency=20_000)
    assert (decode(data).pixels == 255).all()


@pytest.mark.parametrize(
    ("depth", "colour_type", "pixels", "transparent"),
    [
        (2, 0, [0b01_10_01_10], [1]),
        (4, 0, [0x5A], [5]),
        (16, 2, [0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0, 0, 0, 0, 0, 0], [0x1234, 0x5678, 0x9ABC]),
        (16, 2, [0x80, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], [0x8000] * 3),
    ],
)
def test_the_transparent_colour_of_a_png_is_that_of_its_depth(
    depth: int, colour_type: int, pixels: list[int], transparent: list[int]
) -> None:
    row = bytes([0, *pixels * (2 * depth * (1 + colour_type) // len(pixels))])
    data = png_header(16, 16, depth, colour_type)
    data += chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent))
    data += chunk(b"IDAT", zlib.compress(row * 16)) + chunk(b"IEND", b"")
    found = decode(data).pixels
    assert (found[:, ::2] == 255).all()
    assert (found[:, 1::2] < 200).all()


@pytest.mark.parametrize(
    ("values", "info", "received"),
    [
        (np.zeros((8, 8), np.float32), {}, "32 bits a channel"),
        (np.zeros((8, 8), np.int32), {}, "32 bits a channel"),
        (np.zeros((8, 8), np.uint16), {339: 2}, "signed numbers"),
        (np.zeros((8, 8), np.uint8), {339: 2}, "signed numbers"),
        (np.zeros((8, 8), np.uint16), {262: 0}, "16 bits from white to black"),
    ],
)
def test_a_tiff_without_a_brightness_of_its_own(values: Gray, info: dict[int, int], received: str) -> None:
    with pytest.raises(
        UnsupportedFormat, match=f"TIFF of 8 or 16 bits. Received: {received}; save it as PNG"
    ):
        decode(encoded(Image.fromarray(values), "TIFF", tiffinfo=info))


def test_too_many_pixels_are_refused_before_decoding() -> None:
    data = encoded(two_halves(), "PNG")
    with pytest.raises(ImageTooLarge, match="64 x 48 = 3,072 pixels"):
        decode(data, max_pixels=3071)
    with pytest.raises(ImageTooLarge, match="at most 50,000,000 pixels and 63 pixels a side"):
        decode(data, max_side=63)
    assert decode(data, max_pixels=3072, max_side=64).width == 64


def test_the_many_pictures_of_a_phone_photo_cost_as_little_as_one() -> None:
    photo = two_halves(size=(1600, 1200))
    data = encoded(photo, "MPO", save_all=True, append_images=[photo.resize((160, 120))])
    assert decode(data, min_side=200).pixels.shape == (300, 400, 3)


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_formats_that_are_held_twice_may_have_half_of_the_pixels(kind: str) -> None:
    data = encoded(two_halves(size=(64, 64)), kind)
    assert decode(data, max_pixels=2 * 64 * 64).width == 64
    with pytest.raises(ImageTooLarge, match=rf"Expected at most 4,095 pixels of {kind}"):
        decode(data, max_pixels=2 * 64 * 64 - 1)


def test_exif_that_cannot_be_written_again_does_no_harm() -> None:
    entries = [(0x0112, 3, 1, 6), (0x0103, 8, 1, -5), (0x011A, 5, 1, 0xFFFF), (0x8769, 4, 1, 26)]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHIi", *one) for one in entries)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + directory + bytes(4)
    assert decode(encoded(two_halves(), "JPEG", exif=exif)).height == 64


def test_nothing_is_made_of_what_photoshop_has_written_down() -> None:
    data = encoded(two_halves(), "JPEG")
    notes = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\0" * 5_000
    data = data[:2] + b"\xff\xed" + struct.pack(">H", 2 + len(notes)) + notes + data[2:]
    assert "photoshop" not in Image.open(io.BytesIO(data)).info
    assert_red_then_blue(data)
