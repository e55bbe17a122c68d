"""What an ONNX file says about itself, read without loading the network.

The file is one message of protocol buffers (https://protobuf.dev/programming-guides/encoding/): fields, each
behind its number and its kind. The graph, nearly all of it, is skipped.
"""

import mmap
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

METADATA_KEY: Final = "bundle"
"""The property with what a model says about itself. It is known here, as the networks are opened before
`service.networks.metadata` is imported, which takes 15 ms."""
METADATA: Final = 14
"""Number of ModelProto's field `metadata_props`, whose entries have a key and a value."""
KEY: Final = 1
VALUE: Final = 2
_NUMBER: Final = 0
_BYTES: Final = 2
_LONGEST: Final = 10
"""Bytes of a number."""


def properties(path: Path) -> dict[str, str]:
    """The metadata of an ONNX file by name; raises OSError, or ValueError for a file that is none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        entries = [dict(_fields(entry, (KEY, VALUE))) for _, entry in _fields(content, (METADATA,))]
    return {entry.get(KEY, b"").decode(): entry.get(VALUE, b"").decode() for entry in entries}


def _fields(message: bytes | mmap.mmap, wanted: Collection[int]) -> Iterator[tuple[int, bytes]]:
    """The wanted fields of a message that hold bytes, by their numbers."""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        number, kind = key >> 3, key & 7
        if kind == _NUMBER:
            _, at = _number(message, at)
        elif kind == _BYTES:
            length, at = _number(message, at)
            if length > len(message) - at:
                raise ValueError("Expected an ONNX file. Received: one that ends before one of its fields.")
            if number in wanted:
                yield number, message[at : at + length]
            at += length
        else:
            raise ValueError(f"Expected an ONNX file. Received: a field of kind {kind}.")


def _number(message: bytes | mmap.mmap, at: int) -> tuple[int, int]:
    """The number at a place and the place behind it: seven bits in each byte, the lowest first."""
    total = 0
    for place, byte in enumerate(message[at : at + _LONGEST]):
        total |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:  # the highest bit says that more follow
            return total, at + place + 1
    raise ValueError("Expected an ONNX file. Received: one that ends in the middle of a number.")
