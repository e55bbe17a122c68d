"""AVIF files made of boxes on the spot, whose coded pictures are not what they promise."""

import struct
from collections.abc import Callable

from PIL import Image

from service.pictures.avif_boxes import HOLDERS
from tests.uploads import picture


def coded(side: int) -> bytes:
    """A square picture as AV1."""
    data = picture("AVIF", (side, side), speed=10)
    return data[data.index(b"mdat") + 4 :]


def of_one(stream: bytes, side: int, more: bytes = b"") -> bytes:
    """A file that promises a square of `side` pixels; `more` are boxes among its metadata."""
    return _file(
        stream, lambda place: _meta([(place, len(stream))], [b"av01"], [[1, 0x82, 3]], side, side, more)
    )


def references(count: int) -> bytes:
    """A box that names so many items which are not there."""
    return _full(b"iref", _box(b"dimg", struct.pack(f">HH{count}H", 60_000, count, *range(100, 100 + count))))


def properties(count: int) -> bytes:
    """A box of so many properties that nobody knows."""
    return _box(b"iprp", _box(b"ipco", _box(b"none") * count))


def video(chunks: int, together: int) -> bytes:
    """Two frames, whose tables promise so many chunks with so many frames each, and leave none out."""
    data = picture("AVIF", (64, 64), save_all=True, append_images=[Image.new("RGB", (64, 64), "blue")])
    first = data.index(b"mdat") + 4

    def tables(place: int) -> dict[bytes, bytes]:
        # Of one chunk after the other, and all but the first behind the last that there is.
        kinds = [struct.pack(">III", 1, together, 1)]
        kinds += [struct.pack(">III", chunks + number, together, 1) for number in range(1, chunks)]
        count = struct.pack(">I", chunks)
        return {
            b"stco": bytes(4) + count + struct.pack(">I", place) * chunks,
            b"stsc": bytes(4) + count + b"".join(kinds),
            b"stsz": struct.pack(">III", 0, 1, chunks * together),
        }

    moved = len(_replaced(data, tables(0))) - len(data)
    return _replaced(data, tables(first + moved)) + bytes(chunks * together)


def _replaced(data: bytes, tables: dict[bytes, bytes]) -> bytes:
    """Boxes with others in the place of those of the same kind, wherever they lie in a track."""
    found, place = b"", 0
    while place < len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        inside, place = data[place + 8 : place + size], place + size
        if kind in HOLDERS and kind != b"meta":
            inside = _replaced(inside, tables)
        found += _box(kind, tables.get(kind, inside))
    return found


def of_many(stream: bytes, side: int, rows: int, rest: int = 0) -> bytes:
    """A file that promises `rows` by `rows` squares of `side` pixels, all in the same bytes.

    Each goes on in the same `rest` of the file, where that is any.
    """
    tiles, whole = rows * rows, rows * side
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, rows - 1, whole, whole)
    numbers = range(2, tiles + 2)
    tiled = _full(b"iref", _box(b"dimg", struct.pack(f">HH{tiles}H", 1, tiles, *numbers)))

    def meta(place: int) -> bytes:
        places = [(place + len(stream), len(grid)), *[(place, len(stream))] * tiles]
        kinds, properties = [b"grid", *[b"av01"] * tiles], [[4, 3], *[[1, 0x82, 3]] * tiles]
        return _meta(places, kinds, properties, side, whole, tiled, rest)

    return _file(stream + grid + bytes(rest), meta)


def _file(content: bytes, meta: Callable[[int], bytes]) -> bytes:
    kind = _box(b"ftyp", b"avif\0\0\0\0avifmif1miafMA1B")
    return kind + meta(len(kind) + len(meta(0)) + 8) + _box(b"mdat", content)


def _meta(
    places: list[tuple[int, int]],
    kinds: list[bytes],
    properties: list[list[int]],
    side: int,
    whole: int,
    more: bytes = b"",
    rest: int = 0,
) -> bytes:
    """Where the items lie, what they are, and which properties they have; the first is the picture."""
    count = struct.pack(">H", len(places))
    table = [_place(number, place, rest if number > 1 else 0) for number, place in enumerate(places, 1)]
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
        more,
        _box(b"iprp", _box(b"ipco", *about), _full(b"ipma", bytes(2), count, *which)),
    )


def _place(number: int, place: tuple[int, int], rest: int) -> bytes:
    start, size = place
    pieces = [(start, size), *([(start + size, rest)] if rest else [])]
    return struct.pack(">HHH", number, 0, len(pieces)) + b"".join(struct.pack(">II", *one) for one in pieces)


def _box(kind: bytes, *parts: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)


def _full(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]), *parts)
