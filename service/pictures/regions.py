"""Which part of a photo a question is about, and how a whole picture is looked at."""

import math
from typing import Final, Literal

from service.pictures.geometry import RGB, Square, cut
from service.pictures.images import Picture, decode
from service.pictures.limits import DEFAULT_MAX_PIXELS, DEFAULT_MAX_SIDE

Region = Literal["auto", "eyes", "whole"]

OVERSAMPLING: Final = 1.5
"""A reduced photo keeps at least this many pixels a side for each of the network's input. With more of them
answers are no closer to those for the photo in full (`benchmarks/history.md`, "Decoding")."""


def enough(size: int, share: float = 1) -> int:
    """Pixels that the shorter side of a photo needs where `share` of it is cut out for an input of `size`."""
    return math.ceil(OVERSAMPLING * size / share)


def decode_whole(
    data: bytes,
    size: int,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    max_side: int = DEFAULT_MAX_SIDE,
) -> Picture:
    """Decode a picture that will be looked at as a whole by a network of input size `size`."""
    return decode(data, enough(size), max_pixels, max_side)


def cut_whole(picture: Picture, size: int) -> RGB:
    """The largest central square of a picture as uint8 `[size, size, 3]`: what `region=whole` looks at."""
    return cut(picture.content, Square.central(*picture.content.size), size)


def read_whole(data: bytes, size: int) -> RGB:
    """Decode and cut in one step, as training and the golden check do; raises what `decode` raises."""
    return cut_whole(decode_whole(data, size), size)
