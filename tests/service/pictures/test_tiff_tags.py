"""TIFFs whose tags cost a decoder far more than their pixels."""

import struct

import pytest
from PIL import TiffImagePlugin

from service.errors import CorruptImage, UnusableImage
from service.pictures.images import decode
from service.pictures.tiff_tags import STARTS
from tests.decoding import memory
from tests.uploads import SQUARE, big_tag_bomb, number_bomb, tag_bomb, tiff


def test_a_tiff_whose_tags_share_their_bytes_is_refused() -> None:
    assert decode(tag_bomb(3, 60)).width == 8
    with pytest.raises(
        CorruptImage, match="fit into a TIFF of 1,000,000 bytes. Received: 1,000,000,036 bytes"
    ):
        decode(tag_bomb(1_000, 1_000_000))


def test_a_tiff_of_very_many_tags_is_refused() -> None:
    assert decode(tag_bomb(1_000, 4)).width == 8
    with pytest.raises(CorruptImage, match="fewer than 10,000 tags"):
        decode(big_tag_bomb(100_000))


@pytest.mark.parametrize(("kind", "width"), [(5, 8), (10, 8), (3, 2), (12, 8), (6, 1)])
def test_a_tiff_of_very_many_numbers_is_refused(kind: int, width: int) -> None:
    most, name = (10_000, "fractions") if kind in (5, 10) else (1_000_000, "numbers")
    resolution = 282  # which Pillow reads of every picture
    assert decode(number_bomb(resolution, kind, width, most - 100)).width == 8
    with pytest.raises(CorruptImage, match=f"at most {most:,} {name} in the tags of a TIFF. Received: "):
        decode(number_bomb(resolution, kind, width, most + 1))


def test_whatever_pillow_takes_for_a_tiff_is_measured() -> None:
    assert set(STARTS) == set(TiffImagePlugin.PREFIXES)


def test_the_exif_that_a_tiff_leads_to_is_not_read() -> None:
    exif, fractions, third = 34_665, 300_000, b"\1\0\0\0\3\0\0\0"
    end = len(tiff(SQUARE, (exif, 4, 1, 0)))
    one = struct.pack("<HHHII", 1, 33_434, 5, fractions, end + 18) + bytes(4)
    data = tiff(SQUARE, (exif, 4, 1, end)) + one + third * fractions
    assert decode(data).width == 8
    assert memory(data) < 4 * len(data)


@pytest.mark.parametrize("start", STARTS)
def test_a_tiff_that_ends_in_its_directory_is_no_picture(start: bytes) -> None:
    data = start + tag_bomb(3, 200)[4:]
    for size in (4, 8, 9, 73, 90):
        with pytest.raises(UnusableImage):
            decode(data[:size])
