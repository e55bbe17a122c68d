"""How much work a JPEG file makes: a progressive one is gone through once for each of its scans.

A file of 300 KB may hold 300 scans of 50 million pixels each, and keep a decoder busy for 20 seconds; one of
20 MB, for half an hour.
"""

import re
from typing import Final

START: Final = b"\xff\xd8"

_MARKER: Final = re.compile(rb"\xff[^\x00\xff]")
# Inside a scan, restart markers are part of the data.
_AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN, _END = 0xDA, 0xD9


def count(data: bytes, most: int) -> tuple[int, int]:
    """Numbers of scans and of segments in the first picture of a JPEG file; stops at `most` segments.

    Scans are segments too. A byte between segments counts as one of them: decoders step over each by itself.
    """
    scans = segments = 0
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
        place += int.from_bytes(data[place : place + 2], "big")
        if kind == _SCAN:
            scans += 1
            marker = _AFTER_SCAN
    return scans, segments
