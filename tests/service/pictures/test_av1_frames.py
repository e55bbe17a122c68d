"""What an AVIF makes a decoder work on, beside what it promises."""

import struct
from typing import Any

import pytest
from PIL import Image

from service.errors import CorruptImage, ImageTooLarge, UnusableImage
from service.pictures import av1_frames, avif_parts
from service.pictures.decoding_cost import MAX_PARTS
from service.pictures.images import decode
from tests import avif
from tests.halves import encoded
from tests.uploads import picture


def streams(data: bytes) -> list[av1_frames.Stream]:
    return [av1_frames.measure(stream, 100) for stream in avif_parts.coded(data, MAX_PARTS)]


def units(*bodies: tuple[int, bytes]) -> bytes:
    """A stream of units, each of a kind."""
    return b"".join(bytes([kind << 3 | 2, len(body)]) + body for kind, body in bodies)


def header(*numbers: tuple[int, int]) -> bytes:
    """A sequence header of numbers, each with its bits."""
    bits = "".join(f"{number:0{size}b}" for number, size in numbers)
    return int(bits.ljust(800, "0"), 2).to_bytes(100, "big")


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (17, 300), (1025, 3)])
def test_the_frames_of_a_still_picture_are_as_large_as_it(mode: str, size: tuple[int, int]) -> None:
    pixels = size[0] * size[1]
    found = streams(encoded(Image.new(mode, size), "AVIF"))
    assert [(one.told, one.bound, one.frames) for one in found] == [(pixels, pixels, 1)] * (len(mode) - 2)


def test_the_first_frame_of_a_video_may_be_as_large_as_its_bits_allow() -> None:
    frames = [Image.new("RGB", (300, 17), colour) for colour in ("red", "blue", "red")]
    found = streams(encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:]))
    # It lies there as an item too.
    assert [(one.told, one.bound, one.frames) for one in found] == [(5100, 512 * 32, 1)] * 2


@pytest.mark.parametrize(
    "before",
    [
        [(0, 3), (0, 1), (0, 1), (0, 1), (0, 1), (0, 5), (0, 12), (9, 5), (1, 1)],
        [(0, 5), (1, 1), (7, 64), (1, 1), (0b00101, 5), (0, 1), (0, 1), (0, 5), (0, 12), (1, 5)],
        [(0, 5), (1, 1), (7, 64), (0, 1), (1, 1), (9, 5), (7, 42), (1, 1), (1, 5)]
        + 2 * [(3, 12), (4, 5), (1, 1), (5, 21), (1, 1), (9, 4)],
    ],
    ids=["high level", "exponential", "decoder model"],
)
def test_a_sequence_header_with_all_that_it_may_have(before: list[tuple[int, int]]) -> None:
    stream = units((2, b""), (1, header(*before, (9, 4), (7, 4), (999, 10), (199, 8))), (3, b"1"), (6, b"2"))
    assert av1_frames.measure(stream, 100) == (200_000, 1 << 18, 2, 4)
    assert av1_frames.measure(stream, 2).units == 2


def test_a_picture_larger_than_the_file_promises_is_refused() -> None:
    assert decode(avif.of_one(avif.coded(64), 64)).width == 64
    assert decode(avif.of_one(avif.coded(1000), 64), max_pixels=2_000_000).width == 64
    with pytest.raises(
        ImageTooLarge, match="at most 999,999 pixels .* Received: 1 of up to 1,000,000 pixels"
    ):
        decode(avif.of_one(avif.coded(1000), 64), max_pixels=1_999_999)


def test_a_picture_of_many_that_are_larger_than_promised_is_refused() -> None:
    assert decode(avif.of_many(avif.coded(64), 64, 4)).width == 256
    with pytest.raises(ImageTooLarge, match="Received: 64 of up to 250,000 pixels"):
        decode(avif.of_many(avif.coded(500), 64, 8), max_pixels=7_000_000)


def test_frames_that_are_not_shown_count() -> None:
    stream = avif.coded(500)
    hidden = units(
        (1, header((0, 4), (1, 1), (0, 5), (9, 4), (9, 4), (499, 10), (499, 10))), *[(3, b"")] * 60
    )
    with pytest.raises(ImageTooLarge, match="Received: 61 of up to 250,000 pixels"):
        decode(avif.of_one(hidden + stream, 500), max_pixels=7_000_000)


def test_an_avif_of_very_many_units_is_refused() -> None:
    with pytest.raises(CorruptImage, match="fewer than 10,000 parts in an AVIF file"):
        decode(avif.of_one(units(*[(15, b"")] * 10_000) + avif.coded(64), 64))


def test_a_file_of_very_many_boxes_is_refused() -> None:
    single = avif.of_one(avif.coded(64), 64)
    assert decode(single + struct.pack(">I4s", 8, b"free") * 9_000).width == 64
    with pytest.raises(CorruptImage, match="at most 10,000 boxes"):
        decode(single + struct.pack(">I4s", 8, b"free") * 10_000)


@pytest.mark.parametrize(("pieces", "sizes"), [(5_000, b"\x44"), (50_000, b"\x00")], ids=["shared", "empty"])
def test_items_of_pieces_that_no_file_could_hold(pieces: int, sizes: bytes) -> None:
    extents = struct.pack(">II", 0, 100) * pieces
    table = bytes(4) + sizes + b"\0" + struct.pack(">HHHH", 1, 1, 0, pieces) + extents
    with pytest.raises(ValueError, match="fit into the file" if pieces == 5_000 else "at most 10,000"):
        list(avif_parts.coded(struct.pack(">I4s", 8 + len(table), b"iloc") + table, MAX_PARTS))


@pytest.mark.parametrize("kind", [{}, {"save_all": True, "append_images": [Image.new("RGB", (40, 30))]}])
def test_a_file_that_ends_early_is_no_picture(kind: dict[str, Any]) -> None:
    data = picture("AVIF", **kind)
    for size in range(12, data.index(b"mdat"), 7):
        list(map(len, avif_parts.coded(data[:size], MAX_PARTS)))
        with pytest.raises(UnusableImage):
            decode(data[:size])
