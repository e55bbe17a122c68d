"""TIFFs whose strips or tiles cost a decoder far more than their pixels."""

import math
import struct

import pytest

from service.errors import CorruptImage, ImageTooLarge
from service.pictures.images import decode
from tests.decoding import memory
from tests.uploads import (
    arithmetic_jpeg,
    jpeg_tiff,
    one_piece_tiff,
    picture,
    scan_bomb,
    strip_bomb,
    tile_bomb,
    tiles_bomb,
)


@pytest.mark.parametrize(
    ("tiff", "each"),
    [
        ({"bits": 8}, 7),
        ({"bits": 8, "orientation": 6}, 11),
        ({"bits": 16, "samples": 4}, 12),
        ({"bits": 16, "samples": 4, "orientation": 6}, 16),
        ({"bits": 16, "samples": 4, "tile": 2752, "orientation": 6}, 23.146),
    ],
    ids=str,
)
def test_a_tiff_is_allowed_by_the_memory_that_it_takes(tiff: dict[str, int], each: float) -> None:
    side = 2000
    data, needed = one_piece_tiff(side, **tiff), each * side * side
    assert 0.9 * needed < memory(data) < 1.15 * needed
    if each > 8:
        with pytest.raises(ImageTooLarge, match="Expected a TIFF that takes at most"):
            decode(data, max_pixels=math.ceil(needed / 8 - 1000))
    assert decode(data, 500, max_pixels=math.ceil(max(needed / 8 + 1000, side * side))).width == side


@pytest.mark.parametrize("sides", [(4000, 1000), (1000, 4000)])
def test_a_strip_is_measured_as_it_is_stored_however_it_is_turned(sides: tuple[int, int]) -> None:
    data = one_piece_tiff(sides[0], 16, 4, orientation=6, height=sides[1])
    with pytest.raises(ImageTooLarge, match="Received: one of 64,000,000"):
        decode(data, max_pixels=4_000_000)


def test_a_tile_much_larger_than_its_picture_is_refused() -> None:
    assert decode(tile_bomb(16, 256)).pixels.shape == (16, 16, 3)
    with pytest.raises(ImageTooLarge, match="Received: tiles of 16,777,216 pixels"):
        decode(tile_bomb(16, 4096))


def test_tiles_that_are_much_larger_than_their_picture_together_are_refused() -> None:
    assert decode(tiles_bomb(16)).width == 256
    with pytest.raises(ImageTooLarge, match="Received: 17 of 4,194,304 pixels"):
        decode(tiles_bomb(17))
    assert decode(tiles_bomb(1000, 16)).width == 16_000


def test_a_tiff_of_jpegs_with_many_scans_is_refused() -> None:
    assert decode(jpeg_tiff(scan_bomb(20, 1000), 1000, 2)).height == 2000
    with pytest.raises(ImageTooLarge, match="at most 66 scans in a JPEG of 1000 x 30000 pixels"):
        decode(jpeg_tiff(scan_bomb(80, 1000), 1000, 30), max_side=30_000)
    with pytest.raises(ImageTooLarge, match="Received: 70"):
        decode(jpeg_tiff(arithmetic_jpeg(1000, 13), 1000, 30), max_side=30_000)


@pytest.mark.parametrize("sizes", [(0, 0), (9, 99_999), (99_999, 9)])
def test_a_jpeg_in_a_tiff_is_read_as_far_as_any_strip_says(sizes: tuple[int, int]) -> None:
    data = bytearray(jpeg_tiff(arithmetic_jpeg(4000, 20), 4000, 2))
    data[130:138] = struct.pack("<II", *(size and min(size, len(data) - 138) for size in sizes))
    with pytest.raises(ImageTooLarge, match="at most 62 scans .* Received: 105"):
        decode(bytes(data))


def test_a_tiff_of_jpegs_that_overlap_is_refused() -> None:
    data = bytearray(jpeg_tiff(scan_bomb(1, 1000), 1000, 2))
    data[122:138] = struct.pack("<IIII", 0, 1, len(data), len(data) - 1)
    with pytest.raises(CorruptImage, match="each in a place of its own"):
        decode(bytes(data))


def test_a_tiff_whose_strips_share_far_more_bytes_than_it_has_is_refused() -> None:
    strip = scan_bomb(1, 16).ljust(70_000, b"\0")
    assert decode(jpeg_tiff(strip, 16, 900)).height == 14_400
    with pytest.raises(CorruptImage, match="at most 67,108,864 bytes. Received: 70,000,000"):
        decode(jpeg_tiff(strip, 16, 1000))


def test_a_strip_may_promise_more_than_the_file_has() -> None:
    data, size = picture("TIFF"), struct.pack("<HHI", 279, 4, 1)
    place = data.index(size) + len(size)
    assert decode(data[:place] + b"\xff\xff\xff\x7f" + data[place + 4 :]).width == 40


def test_segments_of_jpegs_in_a_tiff_count_as_often_as_they_are_read() -> None:
    jpeg = scan_bomb(1, 16)
    strip = jpeg[:2] + b"\xff\xfe\0\2" * 400 + jpeg[2:]
    assert decode(jpeg_tiff(strip, 16, 450)).height == 7_200
    with pytest.raises(CorruptImage, match="at most 200,000 segments in the JPEGs of a TIFF"):
        decode(jpeg_tiff(strip, 16, 500))


def test_a_tiff_with_more_strips_than_rows_is_refused_at_once() -> None:
    with pytest.raises(CorruptImage):
        decode(strip_bomb())
