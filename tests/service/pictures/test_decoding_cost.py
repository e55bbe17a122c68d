"""Files that cost a decoder far more than their pixels."""

from typing import Any

import pytest
from PIL import Image

from service.errors import CorruptImage, ImageTooLarge, UnsupportedFormat
from service.pictures import jpeg_scans
from service.pictures.decoding_cost import HELD_TWICE
from service.pictures.images import decode
from tests.decoding import memory
from tests.halves import assert_red_then_blue, encoded, two_halves
from tests.uploads import (
    arithmetic_jpeg,
    chunk_bomb,
    comment_bomb,
    packed_bomb,
    picture,
    run_length_bmp,
    scan_bomb,
)


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


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_nothing_is_looked_for_behind_the_scan_of_a_sequential_jpeg(mode: str) -> None:
    data = encoded(two_halves(mode), "JPEG")
    start, stop = data.index(b"\xff\xda"), data.rindex(b"\xff\xd9")
    twice = data[:stop] + data[start:]
    assert jpeg_scans.count(twice, 1_000).scans == jpeg_scans.count(data, 1_000).scans == 1
    with pytest.raises(CorruptImage, match="truncated or damaged"):  # libjpeg reads no second one either
        decode(twice)
    assert jpeg_scans.count(encoded(two_halves(mode), "JPEG", progressive=True), 1_000).scans > 1


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


def test_a_gif_of_very_many_comments_is_refused() -> None:
    assert decode(comment_bomb(9_000)).width == 8
    with pytest.raises(CorruptImage, match="fewer than 10,000 blocks"):
        decode(comment_bomb(10_000))


def test_a_gif_of_very_many_bytes_that_mean_nothing_is_refused() -> None:
    with pytest.raises(CorruptImage, match="fewer than 10,000 blocks"):
        decode(picture("GIF")[:13] + bytes(11_000))


def test_a_jpeg_of_very_many_quantization_tables_is_refused() -> None:
    photo = picture("JPEG")
    tables = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
    assert decode(photo[:2] + tables * 14 + photo[2:]).width == 40
    with pytest.raises(CorruptImage, match="at most 16 segments of quantization tables. Received: 17"):
        decode(photo[:2] + tables * 15 + photo[2:])


def test_a_webp_of_very_many_chunks_is_refused() -> None:
    def webp(chunks: int) -> bytes:
        body = b"WEBP" + picture("WEBP")[12:] + b"abcd\0\0\0\0" * chunks
        return b"RIFF" + len(body).to_bytes(4, "little") + body

    assert decode(webp(9_000)).width == 40
    with pytest.raises(CorruptImage, match="fewer than 10,000 chunks in a WebP"):
        decode(webp(10_000))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
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
