"""How memory that is given back is kept, when Python looks for more of it, and that it is never dumped."""

import ctypes
import gc
import resource
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


def never_dump() -> None:
    """Let no crash of this process, or of one that it forks, write its memory to a disk: photos are in it.

    Containers often have no limit for such files. The hard limit stays, for whoever has to look into one.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    # A program that collects dumps, as Linux may be told to call, gets them with 0 as well, but not with 1.
    resource.setrlimit(resource.RLIMIT_CORE, (0 if hard == 0 else 1, hard))


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
