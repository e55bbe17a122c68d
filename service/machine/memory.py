"""How memory that is given back is kept, when Python looks for more of it, and that it is never dumped."""

import ctypes
import gc
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# /usr/include/malloc.h
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
_LITTLE: Final = {_TRIM_THRESHOLD: 1 << 25, _MMAP_THRESHOLD: 1 << 23}
_MOST: Final = {_TRIM_THRESHOLD: (1 << 31) - 1, _MMAP_THRESHOLD: 1 << 25}
"""The most that glibc takes."""


def keep_little() -> None:
    """Let all threads share one pool of memory, and give back what is free at its end beyond 32 megabytes.

    glibc would keep a pool for each thread, and what a model's file takes while it is read for good: 29 MB
    after photos of faces on two workers. But the system clears every page that it gives, which takes up to 4
    microseconds in a virtual machine: a photo of 1280 pixels took 8,000 pages, a third of the time to its
    answer, while 2 megabytes were kept. Does nothing with another C library.
    """
    _set({_ARENA_MAX: 1} | _LITTLE)


@contextmanager
def all_kept() -> Iterator[None]:
    """Give nothing back meanwhile, and what is free at the end of it.

    Each network that is opened takes some megabytes for a moment. Given back, they would be taken from the
    system again for the next one, which clears every page: 12,000 of 37,000, and 7 % of the time to start.
    """
    _set(_MOST)
    try:
        yield
    finally:
        _set(_LITTLE)
        give_back()


def give_back() -> None:
    """Give back all that is free, in the middle as well: of what a light network's file took, 3 MB of 5.

    Does nothing with another C library than glibc.
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


def _set(options: dict[int, int]) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in options.items():
            mallopt(option, value)


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
