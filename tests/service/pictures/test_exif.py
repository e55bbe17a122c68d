"""Exif that costs far more to read than the picture."""

import io
import struct

import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from service.errors import CorruptImage
from service.pictures.images import decode
from tests.halves import assert_red_then_blue, encoded, two_halves
from tests.uploads import number_bomb

ORIENTATION, FRACTION, SHORT = 0x0112, 5, 3
TURNED = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", ORIENTATION, SHORT, 1, 6) + bytes(4)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "JPEG"])
@pytest.mark.parametrize("heads", [1, 2])
def test_an_orientation_is_read_however_often_exif_says_what_it_is(kind: str, heads: int) -> None:
    data = encoded(two_halves(), kind, exif=b"Exif\0\0" * heads + TURNED)
    assert (decode(data).width, decode(data).height) == (48, 64)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("head", [b"", b"Exif\0\0"])
def test_exif_of_very_many_fractions_is_refused(kind: str, head: bytes) -> None:
    def picture(fractions: int) -> bytes:
        exif = number_bomb(ORIENTATION, FRACTION, 8, fractions, pixels=False)
        return encoded(two_halves(), kind, exif=head + exif)

    assert decode(picture(9_000)).width == 64
    with pytest.raises(CorruptImage, match="at most 10,000 fractions in Exif. Received: 100,000"):
        decode(picture(100_000))


def test_an_avif_is_refused_for_its_exif_before_it_is_opened() -> None:
    # Pillow writes no AVIF of so many fractions: they are put in the place of as many bytes.
    many = number_bomb(ORIENTATION, FRACTION, 8, 100_000, pixels=False)
    as_bytes = number_bomb(0x010E, 7, 1, 800_000, pixels=False)
    data = encoded(two_halves(), "AVIF", exif=as_bytes)
    place = data.index(as_bytes[-800_000:]) - (len(as_bytes) - 800_000)
    with pytest.raises(CorruptImage, match="at most 10,000 fractions in Exif"):
        decode(data[:place] + many + data[place + len(many) :])


def test_exif_of_very_many_tags_is_refused() -> None:
    tags = b"".join(struct.pack("<HHII", 1_000 + tag, SHORT, 1, 1) for tag in range(10_000))
    exif = b"II*\0\x08\0\0\0" + struct.pack("<H", 10_000) + tags + bytes(4)
    with pytest.raises(CorruptImage, match="fewer than 10,000 tags in Exif"):
        decode(encoded(two_halves(), "PNG", exif=exif))


def test_numbers_that_are_not_there_do_not_count() -> None:
    lost = struct.pack("<HHII", 0x011A, FRACTION, 2_000_000_000, 100)
    exif = b"II*\0\x08\0\0\0\x02\0" + lost + TURNED[10:]
    assert decode(encoded(two_halves(), "PNG", exif=exif)).width == 48


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", [bytes(8), b"garbage!", b"II*\0", b"\0", TURNED[:12]])
def test_a_picture_is_read_whatever_its_exif_is(kind: str, exif: bytes) -> None:
    assert_red_then_blue(encoded(two_halves(), kind, exif=exif))


@pytest.mark.parametrize("value", [0, 9, 0xFFFF])
def test_an_orientation_that_is_none_turns_nothing(value: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = value
    assert_red_then_blue(encoded(two_halves(), "PNG", exif=exif))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_xmp_turns_nothing(kind: str) -> None:
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    if kind == "TIFF":
        data = encoded(two_halves(), kind, tiffinfo={700: xmp})
    elif kind == "PNG":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        data = encoded(two_halves(), kind, pnginfo=text)
    else:
        data = encoded(two_halves(), kind, xmp=xmp)
    assert ImageOps.exif_transpose(Image.open(io.BytesIO(data))).size == (48, 64)
    assert_red_then_blue(data)
    if kind == "PNG":  # behind the pixels, where other programs write it
        assert_red_then_blue(_behind_the_pixels(data, b"iTXt"))


def test_exif_as_the_text_of_a_png_turns_nothing() -> None:
    exif = b"Exif\0\0" + TURNED
    text = PngInfo()  # as ImageMagick writes it
    text.add_text("Raw profile type exif", f"\nexif\n{len(exif):8}\n{exif.hex()}\n", zip=True)
    data = encoded(two_halves(), "PNG", pnginfo=text)
    assert ImageOps.exif_transpose(Image.open(io.BytesIO(data))).size == (48, 64)
    assert_red_then_blue(data)
    assert_red_then_blue(_behind_the_pixels(data, b"zTXt"))


def _behind_the_pixels(png: bytes, chunk: bytes) -> bytes:
    """A PNG whose one chunk of a kind, the last before its pixels, is the last of all."""
    start, end = png.index(chunk) - 4, png.index(b"IDAT") - 4
    return png[:start] + png[end:-12] + png[start:end] + png[-12:]
