"""Pictures and multipart bodies made on the spot."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

RED = (200, 40, 40)
BOUNDARY = "the-boundary"
MULTIPART = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def picture(
    kind: str = "PNG",
    size: tuple[int, int] = (40, 30),
    colour: tuple[int, int, int] = RED,
    **options: Any,
) -> bytes:
    """A picture of one colour, red unless given, in a format that Pillow writes."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **options)
    return file.getvalue()


def noise(side: int, kind: str = "PNG") -> bytes:
    """A picture that does not compress: about three bytes a pixel."""
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int, depth: int = 8, colour_type: int = 2) -> bytes:
    """The start of a PNG that promises so many pixels."""
    facts = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", facts)


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few kilobytes that would decode to gigabytes."""
    packed = zlib.compress(bytes(1 + 3 * width) * min(height, 100), 9)
    return png_header(width, height) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A PNG with a comment that unpacks to a hundred megabytes."""
    comment = b"Comment\x00\x00" + zlib.compress(bytes(100_000_000), 9)
    start = picture("PNG")
    return start[:33] + chunk(b"zTXt", comment) + start[33:]


def scan_bomb(scans: int = 100, side: int = 7000) -> bytes:
    """A progressive JPEG whose last scan is repeated: the decoder goes through the picture for each."""
    file = io.BytesIO()
    Image.new("L", (side, side)).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    start, stop = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:stop] + data[start:stop] * scans + data[stop:]


def arithmetic_jpeg(side: int, scans: int) -> bytes:
    """A grey square as a progressive JPEG in arithmetic coding, whose last scan is repeated."""

    def segment(kind: int, content: bytes) -> bytes:
        return struct.pack(">BBH", 255, kind, 2 + len(content)) + content

    frame = segment(0xCA, struct.pack(">BHHBBBB", 8, side, side, 1, 1, 0x11, 0))
    first, last = (segment(0xDA, bytes([1, 1, 0, *band])) for band in ([0, 0, 0], [1, 63, 0]))
    return b"\xff\xd8" + segment(0xDB, b"\0" + b"\x01" * 64) + frame + first + last * scans + b"\xff\xd9"


def tile_bomb(width: int, side: int) -> bytes:
    """A square TIFF in one tile of `side` x `side` zeros."""
    packed = zlib.compress(bytes(side * side), 9)
    tags = {256: width, 257: width, 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side}
    tags |= {324: 8 + 2 + 12 * 10 + 4, 325: len(packed)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + packed


def jpeg_tiff(jpeg: bytes, side: int, strips: int) -> bytes:
    """A grey TIFF whose strips are the same square JPEG."""
    tags = {256: side, 257: side * strips, 258: 8, 259: 7, 262: 1, 277: 1, 278: side}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    place = 8 + 2 + 12 * 9 + 4
    tables = struct.pack(f"<{strips}I", *[place + 8 * strips] * strips)
    tables += struct.pack(f"<{strips}I", *[len(jpeg)] * strips)
    entries += struct.pack("<HHII", 273, 4, strips, place)
    entries += struct.pack("<HHII", 279, 4, strips, place + 4 * strips)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 9) + entries + bytes(4) + tables + jpeg


def tiles_bomb(tiles: int, length: int = 262_144) -> bytes:
    """A TIFF of so many tiles side by side, 16 pixels wide and very much longer than the picture."""
    packed = zlib.compress(bytes(16 * length), 9)
    tags = {256: 16 * tiles, 257: 16, 258: 8, 259: 8, 262: 1, 277: 1, 322: 16, 323: length}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    place = 8 + 2 + 12 * 10 + 4
    tables = struct.pack(f"<{tiles}I", *[place + 8 * tiles] * tiles)
    tables += struct.pack(f"<{tiles}I", *[len(packed)] * tiles)
    entries += struct.pack("<HHII", 324, 4, tiles, place) + struct.pack(
        "<HHII", 325, 4, tiles, place + 4 * tiles
    )
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 10) + entries + bytes(4) + tables + packed


def one_piece_tiff(
    side: int, bits: int = 8, samples: int = 3, tile: int = 0, orientation: int = 1, height: int = 0
) -> bytes:
    """A black TIFF, square unless it has a height, in a single strip or tile of `tile` x `tile` pixels."""
    height = height or side
    packer = zlib.compressobj(1)
    row = bytes((tile or side) * samples * bits // 8)
    packed = b"".join(packer.compress(row) for _ in range(tile or height)) + packer.flush()
    tags = {256: side, 257: height, 259: 8, 262: 2, 274: orientation, 277: samples}
    tags |= {322: tile, 323: tile, 325: len(packed)} if tile else {278: height, 279: len(packed)}
    tags |= {338: 2} if samples == 4 else {}
    place = 8 + 2 + 12 * (len(tags) + 2) + 4
    depths = struct.pack(f"<{samples}H", *[bits] * samples)
    entries = {tag: struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items()}
    entries[258] = struct.pack("<HHII", 258, 3, samples, place)
    entries[324 if tile else 273] = struct.pack("<HHII", 324 if tile else 273, 4, 1, place + len(depths))
    directory = b"".join(entry for _, entry in sorted(entries.items()))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + directory + bytes(4) + depths + packed


def run_length_bmp(compression: int) -> bytes:
    """A BMP of 8 x 8 pixels in run lengths of 8 (1) or 4 (2) bits."""
    bits, colours = {1: (8, 256), 2: (4, 16)}[compression]
    packed = (b"\x08\x00" + b"\0\0") * 8 + b"\0\1"
    start = 14 + 40 + 4 * colours
    head = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, bits, compression, len(packed), 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", start + len(packed), 0, 0, start) + head + bytes(4 * colours) + packed


def strip_bomb(strips: int = 300_000) -> bytes:
    """A TIFF of 16 x 16 pixels whose table of strips has so many entries."""
    tags = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    tags += [(273, 1, strips, 8), (278, 4, 1, 1)]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    place = struct.pack("<I", 8 + strips)
    return b"II*\0" + place + b"\x08" * strips + struct.pack("<H", len(tags)) + entries + bytes(4)


SQUARE = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 8, 279: 64}
"""The tags of a TIFF of 8 x 8 pixels, which lie behind its first 8 bytes."""


def tiff(known: dict[int, int], *more: tuple[int, int, int, int]) -> bytes:
    """A TIFF with such tags, and with more behind them: tag, type, number of values and their place."""
    entries = [*((tag, 4, 1, value) for tag, value in known.items()), *more]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries)
    return b"II*\0" + struct.pack("<I", 72) + bytes(64) + directory + bytes(4)


def tag_bomb(tags: int, size: int) -> bytes:
    """A TIFF of 8 x 8 pixels with so many tags besides, whose values are the same `size` bytes."""
    return tiff(SQUARE, *((40_000 + tag, 7, size, 0) for tag in range(tags))).ljust(size, b"\0")


def number_bomb(tag: int, kind: int, width: int, numbers: int, pixels: bool = True) -> bytes:
    """A TIFF of 8 x 8 pixels, or of none, with so many numbers of a type and its width in one tag."""
    known = SQUARE if pixels else {}
    end = len(tiff(known, (tag, kind, numbers, 0)))
    return tiff(known, (tag, kind, numbers, end)) + b"\1".ljust(width, b"\0") * numbers


def big_tag_bomb(tags: int) -> bytes:
    """A BigTIFF of so many tags without a value."""
    entries = b"".join(struct.pack("<HHQQ", tag % 65_536, 7, 0, 0) for tag in range(tags))
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, tags) + entries


def chunk_bomb(chunks: int) -> bytes:
    """A PNG with so many empty chunks."""
    start = picture("PNG")
    return start[:33] + chunk(b"teSt", b"") * chunks + start[33:]


def packed_bomb(kind: bytes, chunks: int, size: int = 1_000_000) -> bytes:
    """A PNG with so many chunks of a kind, each of `size` zeros that are packed and then a damaged end."""
    head = {b"iCCP": b"a\0\0", b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0"}[kind]
    packed = zlib.compress(bytes(size), 9)[:-4] + b"oops"
    start = picture("PNG")
    return start[:33] + chunk(kind, head + packed) * chunks + start[33:]


def comment_bomb(comments: int) -> bytes:
    """A GIF with a comment in so many blocks of one byte."""
    single = picture("GIF", (8, 8))
    body = single.index(b",\x00\x00\x00\x00")
    return single[:body] + b"!\xfe" + b"\x01a" * comments + b"\x00" + single[body:]


def long_gif(frames: int = 20_000) -> bytes:
    """An animation of many small frames."""
    single = picture("GIF", (8, 8))
    body = single.index(b",\x00\x00\x00\x00")
    return single[:body] + single[body:-1] * frames + b";"


def part(
    data: bytes, disposition: str = 'form-data; name="image"; filename="a.png"', extra: str = ""
) -> bytes:
    """One part of a multipart body."""
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{extra}\r\n".encode() + data + b"\r\n"


def end() -> bytes:
    """The end of a multipart body."""
    return f"--{BOUNDARY}--\r\n".encode()
