"""How much work a JPEG file makes: a progressive one is gone through once for each of its scans.

A file of 300 KB may hold 300 scans of 50 million pixels each, and keep a decoder busy for 20 seconds; one of
20 MB, for half an hour.
"""

import re
from typing import Final, NamedTuple

START: Final = b"\xff\xd8"

_MARKER: Final = re.compile(rb"\xff[^\x00\xff]")
# Inside a scan, restart markers are part of the data.
_AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN, _END, _APPLICATION, _QUANTIZATION = 0xDA, 0xD9, 0xE1, 0xDB
_EXIF: Final = b"Exif\0\0"
_SEQUENTIAL: Final = {0xC0, 0xC1}
"""Frames in Huffman codes that are not progressive."""
_ARITHMETIC: Final = {0xC9, 0xCA}
"""Frames in arithmetic coding (ITU-T T.81, annex D), which libjpeg reads and hardly anybody writes."""
_ARITHMETIC_WORK: Final = 5
"""Times the work of Huffman codes: a file of 634 bytes, of 38 such scans, cost a decoder 10 seconds."""


class Parts(NamedTuple):
    """What the first picture of a JPEG file consists of."""

    scans: int
    """Those in arithmetic coding count as often as they take the work of others."""
    segments: int
    """Scans are segments too. A byte between segments counts as one: decoders step over each by itself."""
    exif: int
    """Segments of Exif."""
    quantization: int
    """Segments of quantization tables."""


def count(data: bytes, most: int) -> Parts:
    """Count the parts of a file; stops at `most` segments, and behind a scan that must be the only one.

    It is, where it has all components of a sequential frame: libjpeg reads no other (jdinput.c).
    """
    scans = segments = exif = quantization = components = 0
    work = 1
    place = len(START)
    marker = _MARKER
    while segments < most:
        if marker is _MARKER:
            end = min(len(data), place + most)
            found = marker.search(data, place, end + 2)
            segments += max(0, (found.start() if found else end) - place)
        else:
            found = marker.search(data, place)
        if found is None:
            break
        kind, place, marker = data[found.end() - 1], found.end(), _MARKER
        if kind == _END:
            break
        segments += 1
        if kind in _WITHOUT_LENGTH:
            continue
        if kind in _ARITHMETIC:
            work = _ARITHMETIC_WORK
        if kind in _SEQUENTIAL:
            components = _byte(data, place + 7)
        exif += kind == _APPLICATION and data.startswith(_EXIF, place + 2)
        quantization += kind == _QUANTIZATION
        if kind == _SCAN:
            scans += work
            marker = _AFTER_SCAN
            if 0 < components == _byte(data, place + 2):
                break
        place += int.from_bytes(data[place : place + 2], "big")
    return Parts(scans, segments, exif, quantization)


def _byte(data: bytes, place: int) -> int:
    """The number at a place; 0 where the file ends before."""
    return data[place] if place < len(data) else 0
