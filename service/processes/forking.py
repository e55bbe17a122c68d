"""Signals while a process forks."""

import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

STOPS: Final = (signal.SIGTERM, signal.SIGINT)
"""What asks a process to stop."""


@contextmanager
def held_back(numbers: Collection[signal.Signals]) -> Iterator[None]:
    """These signals come at the end of this, to whoever hears them then.

    In the middle the wrong one would hear them: a forked process has its parent's handlers until it has set
    its own, and Python drops whatever they raise in the hooks of a fork. A process that is forked meanwhile
    holds them back until it unblocks them.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
