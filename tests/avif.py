"""AVIF files made of boxes on the spot, whose coded pictures are not what they promise."""

import struct
from collections.abc import Callable

from tests.uploads import picture


def coded(side: int) -> bytes:
    """A square picture as AV1."""
    data = picture("AVIF", (side, side), speed=10)
    return data[data.index(b"mdat") + 4 :]


def of_one(stream: bytes, side: int) -> bytes:
    """A file that promises a square of `side` pixels."""
    return _file(stream, lambda place: _meta([(place, len(stream))], [b"av01"], [[1, 0x82, 3]], side, side))


def of_many(stream: bytes, side: int, rows: int) -> bytes:
    """A file that promises `rows` by `rows` squares of `side` pixels, all in the same bytes."""
    tiles, whole = rows * rows, rows * side
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, rows - 1, whole, whole)
    numbers = range(2, tiles + 2)
    tiled = _full(b"iref", _box(b"dimg", struct.pack(f">HH{tiles}H", 1, tiles, *numbers)))

    def meta(place: int) -> bytes:
        places = [(place + len(stream), len(grid)), *[(place, len(stream))] * tiles]
        kinds, properties = [b"grid", *[b"av01"] * tiles], [[4, 3], *[[1, 0x82, 3]] * tiles]
        return _meta(places, kinds, properties, side, whole, tiled)

    return _file(stream + grid, meta)


def _file(content: bytes, meta: Callable[[int], bytes]) -> bytes:
    kind = _box(b"ftyp", b"avif\0\0\0\0avifmif1miafMA1B")
    return kind + meta(len(kind) + len(meta(0)) + 8) + _box(b"mdat", content)


def _meta(
    places: list[tuple[int, int]],
    kinds: list[bytes],
    properties: list[list[int]],
    side: int,
    whole: int,
    references: bytes = b"",
) -> bytes:
    """Where the items lie, what they are, and which properties they have; the first is the picture."""
    count = struct.pack(">H", len(places))
    table = [struct.pack(">HHHII", number, 0, 1, *place) for number, place in enumerate(places, 1)]
    infos = [
        _full(b"infe", struct.pack(">HH4sx", number, 0, kind), version=2)
        for number, kind in enumerate(kinds, 1)
    ]
    sizes = [_full(b"ispe", struct.pack(">II", pixels, pixels)) for pixels in (side, whole)]
    about = [sizes[0], _box(b"av1C", b"\x81\x00\x0c\x00"), _full(b"pixi", b"\3\x08\x08\x08"), sizes[1]]
    which = [struct.pack(">HB", number, len(own)) + bytes(own) for number, own in enumerate(properties, 1)]
    return _full(
        b"meta",
        _full(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        _full(b"pitm", struct.pack(">H", 1)),
        _full(b"iloc", b"\x44\x00", count, *table),
        _full(b"iinf", count, *infos),
        references,
        _box(b"iprp", _box(b"ipco", *about), _full(b"ipma", bytes(2), count, *which)),
    )


def _box(kind: bytes, *parts: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)


def _full(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]), *parts)
