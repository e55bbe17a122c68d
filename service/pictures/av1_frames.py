"""How many pixels a stream of AV1 makes a decoder work on, whatever the file around it promises.

The stream is made of units, each behind its kind and its size; a sequence header says how large the frames
behind it may be (https://aomediacodec.github.io/av1-spec/, 5.3 to 5.5).
"""

from typing import Final, NamedTuple

_SEQUENCE: Final = 1
_FRAMES: Final = {3, 6}
"""A frame, or its header where its tiles are units of their own."""
_LONGEST: Final = 8
"""Bytes of a size."""
_HEADER: Final = 512
"""Bytes in which a sequence header has told how large its frames are."""


class Stream(NamedTuple):
    """What a stream holds."""

    told: int
    """Pixels of a frame as the sequence headers tell them, the most of them."""
    bound: int
    """Pixels that a frame can have: each of a video may use all bits that there are for its size."""
    frames: int
    units: int


def measure(data: bytes | memoryview, most: int) -> Stream:
    """Measure a stream as far as it can be read; stops at `most` units."""
    told = bound = frames = units = place = 0
    while place < len(data) and units < most:
        head = data[place]
        kind, extended, sized = head >> 3 & 15, head >> 2 & 1, head >> 1 & 1
        place += 1 + extended
        size, place = _size(data, place) if sized else (len(data) - place, place)
        if kind == _SEQUENCE:
            pixels, possible = _sizes(bytes(data[place : place + min(size, _HEADER)]))
            told, bound = max(told, pixels), max(bound, possible)
        frames += kind in _FRAMES
        place += size
        units += 1
    return Stream(told, bound, frames, units)


def _size(data: bytes | memoryview, place: int) -> tuple[int, int]:
    """A size, seven bits in each byte, and the place behind it."""
    size = 0
    for number, byte in enumerate(data[place : place + _LONGEST]):
        size |= (byte & 0x7F) << (7 * number)
        if byte < 0x80:
            return size, place + number + 1
    return len(data), place


def _sizes(header: bytes) -> tuple[int, int]:
    """Pixels of a frame as a sequence header tells them, and at most: each frame of a video has its own."""
    bits = _Bits(header)
    bits.take(3 + 1)  # profile, still picture
    single = bits.take(1)
    if single:
        bits.take(5)  # level
    else:
        _pass_operating_points(bits)
    wide, high = bits.take(4) + 1, bits.take(4) + 1
    told = (bits.take(wide) + 1) * (bits.take(high) + 1)
    return told, told if single else max(told, 1 << (wide + high))


def _pass_operating_points(bits: "_Bits") -> None:
    modelled, delay = False, 0
    if bits.take(1):  # timing
        bits.take(64)
        if bits.take(1):
            bits.take_exponential()
        modelled = bool(bits.take(1))
        if modelled:
            delay = bits.take(5) + 1
            bits.take(32 + 5 + 5)
    delayed = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:  # level
            bits.take(1)
        if modelled and bits.take(1):
            bits.take(2 * delay + 1)
        if delayed and bits.take(1):
            bits.take(4)


class _Bits:
    """Reads numbers of some bits each, the highest first; behind the end are zeros."""

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data.ljust(2 * _HEADER, b"\0"), "big")
        self._left = 8 * max(len(data), 2 * _HEADER)

    def take(self, count: int) -> int:
        self._left -= count
        return self._number >> self._left & ((1 << count) - 1)

    def take_exponential(self) -> None:
        zeros = 0
        while zeros < 32 and not self.take(1):
            zeros += 1
        if zeros < 32:
            self.take(zeros)
