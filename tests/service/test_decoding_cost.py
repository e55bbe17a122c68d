"""Files that cost a decoder far more than their pixels."""

import math
import struct
import subprocess
import sys
from typing import Any

import pytest
from PIL import Image

from service.decoding_cost import HELD_TWICE
from service.errors import CorruptImage, ImageTooLarge, UnsupportedFormat, UnusableImage
from service.images import decode
from service.tiff_tags import STARTS
from tests.halves import assert_red_then_blue, encoded, two_halves
from tests.uploads import (
    arithmetic_jpeg,
    big_tag_bomb,
    chunk_bomb,
    comment_bomb,
    jpeg_tiff,
    one_piece_tiff,
    packed_bomb,
    picture,
    run_length_bmp,
    scan_bomb,
    strip_bomb,
    tag_bomb,
    tile_bomb,
    tiles_bomb,
)


def memory(data: bytes) -> int:
    """Bytes that decoding takes at its peak, in a process of its own."""
    # Of this memory alone: `ru_maxrss` of a process that pytest starts is pytest's own.
    code = (
        "import sys; from service.images import decode; data = sys.stdin.buffer.read()\n"
        "def peak():\n"
        "    status = open('/proc/self/status').read()\n"
        "    return int(status.partition('VmHWM:')[2].split()[0])\n"
        "before = peak(); decode(data, 500); print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    return 1024 * int(done.stdout)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_memory_for_a_picture_is_bounded_by_its_pixels(kind: str) -> None:
    side = 4000
    fast: dict[str, dict[str, Any]] = {
        "PNG": {"compress_level": 1},
        "WEBP": {"lossless": True},
        "AVIF": {"speed": 10},
    }
    data = encoded(Image.new("RGBA", (side, side), (9, 9, 9, 99)), kind, **fast[kind])
    most = 8 * (2 if kind in HELD_TWICE else 1)
    assert 4 * side * side < memory(data) < 1.05 * most * side * side


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


def test_a_jpeg_of_many_scans_is_refused_before_decoding() -> None:
    with pytest.raises(
        ImageTooLarge, match="at most 40 scans in a JPEG of 7000 x 7000 pixels. Received: 106"
    ):
        decode(scan_bomb(), min_side=100)
    assert decode(scan_bomb(side=64)).width == 64


def test_scans_in_arithmetic_coding_count_as_five() -> None:
    assert decode(arithmetic_jpeg(7000, 7), min_side=100).width == 7000
    with pytest.raises(ImageTooLarge, match="at most 40 scans in a JPEG .* Received: 45"):
        decode(arithmetic_jpeg(7000, 8), min_side=100)


def test_scans_of_a_thumbnail_or_a_video_behind_the_picture_do_not_count() -> None:
    data = encoded(two_halves(), "JPEG", progressive=True)
    comment = b"\xff\xfe\x00\x0c" + b"\xff\xda" * 5
    assert_red_then_blue(data[:2] + comment * 500 + data[2:] + b"\xff\xda" * 100_000)


def test_a_jpeg_of_very_many_exif_segments_is_refused() -> None:
    data = encoded(two_halves(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0" + bytes(6))
    segment = b"\xff\xe1\x00\x10Exif\0\0" + bytes(8)
    assert decode(data[:2] + 15 * segment + data[2:]).width == 64
    with pytest.raises(CorruptImage, match="at most 16 segments of Exif. Received: 9,001"):
        decode(data[:2] + 9_000 * segment + data[2:])


@pytest.mark.parametrize("compression", [1, 2])
def test_a_bmp_of_run_lengths_is_refused(compression: int) -> None:
    with pytest.raises(UnsupportedFormat, match="run lengths"):
        decode(run_length_bmp(compression))


def test_a_jpeg_of_countless_segments_is_refused() -> None:
    data = encoded(two_halves(), "JPEG")
    with pytest.raises(CorruptImage, match="fewer than 10,000 segments"):
        decode(data[:2] + b"\xff\xfe\x00\x02" * 1_000_000 + data[2:])


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


def test_a_tiff_with_more_strips_than_rows_is_refused_at_once() -> None:
    with pytest.raises(CorruptImage):
        decode(strip_bomb())


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


@pytest.mark.parametrize("start", STARTS)
def test_a_tiff_that_ends_in_its_directory_is_no_picture(start: bytes) -> None:
    data = start + tag_bomb(3, 200)[4:]
    for size in (4, 8, 9, 73, 90):
        with pytest.raises(UnusableImage):
            decode(data[:size])


def test_a_gif_of_very_many_comments_is_refused() -> None:
    assert decode(comment_bomb(9_000)).width == 8
    with pytest.raises(CorruptImage, match="fewer than 10,000 blocks"):
        decode(comment_bomb(10_000))


def test_a_gif_of_very_many_bytes_that_mean_nothing_is_refused() -> None:
    with pytest.raises(CorruptImage, match="fewer than 10,000 blocks"):
        decode(picture("GIF")[:13] + bytes(11_000))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_what_follows_a_picture_does_not_matter(kind: str) -> None:
    assert decode(picture(kind) + bytes(200_000)).width == 40


def test_a_png_of_very_many_chunks_is_refused() -> None:
    assert decode(chunk_bomb(9_000)).width == 40
    with pytest.raises(CorruptImage, match="fewer than 10,000 chunks"):
        decode(chunk_bomb(10_000))


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt", b"iTXt"])
def test_a_png_of_very_many_packed_chunks_is_refused(kind: bytes) -> None:
    assert decode(packed_bomb(kind, 100)).width == 40
    with pytest.raises(CorruptImage, match="at most 100 texts and profiles in a PNG. Received: 101"):
        decode(packed_bomb(kind, 101))


@pytest.mark.parametrize("end", [0, None], ids=["nothing else", "a picture behind them"])
def test_a_jpeg_of_very_many_fill_bytes_is_refused(end: int | None) -> None:
    photo = picture("JPEG")
    assert decode(photo[:2] + b"\xff" * 5_000 + photo[2:]).width == 40
    with pytest.raises(CorruptImage, match="fewer than 10,000 segments"):
        decode(photo[:2] + b"\xff" * 10_000 + photo[2:][:end])
