"""How memory that is given back is kept, and when Python looks for more of it."""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# /usr/include/malloc.h
_TRIM_THRESHOLD: Final = -1
_ARENA_MAX: Final = -8
_KEPT_BYTES: Final = 1 << 21


def keep_little() -> None:
    """Let all threads share one pool of memory, and give back what is free at its end.

    glibc would keep a pool for each thread, and what a model's file takes while it is read for good: 29 MB
    after photos of faces on two workers. Does nothing with another C library.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)


def give_back() -> None:
    """Give back what is free in the middle as well, such as what a model's file took while it was loaded.

    That is 3 MB of the 5 of a light network. Does nothing with another C library than glibc.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@contextmanager
def uncollected() -> Iterator[None]:
    """Never look for garbage among what is made meanwhile, such as the modules of a web framework.

    Python would go through all of it again and again: while it imports, and later in the middle of a request,
    for 40 ms during which no other thread runs.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
