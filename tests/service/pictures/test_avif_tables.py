"""AVIF files that cost a decoder seconds and gigabytes before it has seen a picture."""

import struct

import pytest
from PIL import Image

from service.errors import CorruptImage
from service.pictures.images import decode
from tests import avif
from tests.uploads import picture

SIDE = 64
STREAM = avif.coded(SIDE)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (avif.of_one(STREAM, SIDE, avif.references(60_000)), "16,384 bytes about the parts .* 120,"),
        (avif.of_one(STREAM, SIDE, avif.properties(5_000)), "16,384 bytes about the parts .* 40,"),
        (avif.of_one(STREAM, SIDE, avif.properties(50_000)), "at most 10,000 boxes"),
        (avif.of_many(STREAM, SIDE, 12, 1_000_000), "parts of an AVIF that fit into the file"),
        (avif.video(30_000, 1), "65,536 bytes about the frames .* 480,"),
        (avif.video(1, 2_500_000), "at most 100,000 frames .* 2,500,000"),
    ],
    ids=["references", "properties", "very many properties", "pieces", "chunks", "samples"],
)
def test_tables_beyond_all_need_are_refused_before_they_are_read(data: bytes, match: str) -> None:
    with pytest.raises(CorruptImage, match=match):
        decode(data)


def test_pieces_without_a_byte_are_counted() -> None:
    # 65,535 pieces each, for which a decoder makes an object each: a gigabyte for 6 KB.
    items = b"".join(struct.pack(">HHH", number, 0, 65_535) for number in range(1, 1001))
    box = struct.pack(">I4s4sBBH", 16 + len(items), b"iloc", bytes(4), 0, 0, 1000) + items
    with pytest.raises(CorruptImage, match="at most 10,000 boxes, items and pieces"):
        decode(avif.of_one(STREAM, SIDE, box))


@pytest.mark.parametrize("kind", [b"mif1", b"avis"])
def test_every_brand_that_the_decoder_takes_is_looked_into(kind: bytes) -> None:
    data = avif.of_one(STREAM, SIDE, avif.references(60_000)).replace(b"ftypavif", b"ftyp" + kind)
    with pytest.raises(CorruptImage, match="bytes about the parts"):
        decode(data)


def test_what_programs_write_is_read() -> None:
    assert decode(avif.of_one(STREAM, SIDE, avif.references(7_000))).width == SIDE
    assert decode(avif.of_many(STREAM, SIDE, 15)).width == 15 * SIDE
    # A colour profile may be large.
    assert decode(picture("AVIF", (40, 30), icc_profile=bytes(200_000))).width == 40
    frames = [Image.new("RGB", (40, 30), (shade, 0, 0)) for shade in range(200)]
    assert decode(picture("AVIF", (40, 30), save_all=True, append_images=frames, speed=10)).width == 40
