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


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """A red picture in a format that Pillow writes."""
    file = io.BytesIO()
    Image.new("RGB", size, RED).save(file, kind, **options)
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


def png_header(width: int, height: int) -> bytes:
    """The start of a PNG that promises so many pixels."""
    facts = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
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
