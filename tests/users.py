"""Steps down, for a moment or for good, for what root may do and others may not."""

import ctypes
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# /usr/include/linux/capability.h and prctl.h
_CAPABILITIES_3 = 0x20080522
_READ_EVERYTHING = 2
_KEEP_CAPABILITIES = 8
_AMBIENT, _RAISE = 47, 2


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root reads everything; be somebody else meanwhile if we are root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@contextmanager
def closed_to_us(folder: Path) -> Iterator[None]:
    """Nobody may enter the folder meanwhile; root, who may enter any, steps down."""
    folder.chmod(0o000)
    try:
        with ordinary_user():
            yield
    finally:
        folder.chmod(0o755)


def with_threads(limit: int) -> Callable[[], None]:
    """Makes a new process that of a user who may have so many threads and processes, all together.

    Root has no such limit: it becomes a user that nobody else is, and may read what root may, Python for one.
    """

    def step_down() -> None:
        if os.geteuid() == 0:
            _be_nobody_else()
        resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))

    return step_down


def _be_nobody_else() -> None:
    libc, user, allowed = ctypes.CDLL(None), 20_000 + os.getpid() % 40_000, 1 << _READ_EVERYTHING
    libc.prctl(_KEEP_CAPABILITIES, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    header, sets = (ctypes.c_uint32 * 2)(_CAPABILITIES_3), (ctypes.c_uint32 * 6)(allowed, allowed, allowed)
    libc.capset(header, sets)
    libc.prctl(_AMBIENT, _RAISE, _READ_EVERYTHING, 0, 0)
