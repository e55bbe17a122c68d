"""Ctrl-C, whatever the libraries make of it, and what else asks a command to stop."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from training.console import say

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells have it."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Inside, SIGTERM and a terminal that is closed are Ctrl-C: what can be kept is kept.

    Whoever ignores them, as `nohup` does, goes on ignoring them.
    """
    if not callable(signal.getsignal(signal.SIGINT)) or not _in_main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred(message: str) -> Iterator[None]:
    """Inside, the first Ctrl-C shows the message and is a KeyboardInterrupt at the end, a second one at once.

    For what takes seconds to write and is worth nothing in part.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or not _in_main_thread():
        yield
        return
    seen = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        if seen:
            before(number, frame)
        seen = True
        say(message)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if seen:
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, an exception that follows Ctrl-C is the KeyboardInterrupt.

    TensorFlow and half-imported modules swallow it in places and fail a moment later for want of something
    else. Processes that were started without Ctrl-C, in the background, stay so.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or not _in_main_thread():
        yield
        return
    seen = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        seen = True
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    except Exception as error:
        if seen:
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
