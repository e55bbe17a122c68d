"""Ctrl-C, whatever the libraries make of it, and what else asks a command to stop."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Final

from training.console import say

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells have it."""
CTRL_C: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What is counted as Ctrl-C where Python hears it, which `stoppable` sees to for the last two."""


@dataclass
class Presses:
    """How often Ctrl-C was pressed."""

    count: int = 0


@contextmanager
def stoppable() -> Iterator[None]:
    """Inside, SIGTERM and a terminal that is closed are Ctrl-C: what can be kept is kept.

    Whoever ignores one of them, as `nohup` does, goes on ignoring it. So does who ignores Ctrl-C, started
    with `&` by a script, and the others are heard all the same.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    heard = [number for number, handler in before.items() if handler is signal.SIG_DFL and _is_main()]
    for number in heard:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


@contextmanager
def deferred(message: str) -> Iterator[None]:
    """Inside, the first Ctrl-C shows the message and is a KeyboardInterrupt at the end, a second one at once.

    For what takes seconds to write and is worth nothing in part.
    """
    with noted(partial(say, message)) as presses:
        yield
    if presses.count:
        raise KeyboardInterrupt


@contextmanager
def noted(tell: Callable[[], object] = lambda: None) -> Iterator[Presses]:
    """Inside, the first Ctrl-C is only told and counted, and a second one a KeyboardInterrupt at once.

    For whoever looks at the count where it suits.
    """

    def react(count: int, pass_on: Callable[[], object]) -> None:
        if count > 1:
            pass_on()
        tell()

    with _counted(react) as presses:
        yield presses


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, an exception that follows Ctrl-C is the KeyboardInterrupt.

    TensorFlow and half-imported modules swallow it in places and fail a moment later for want of something
    else. Processes that were started without Ctrl-C, in the background, stay so.
    """
    with _counted(lambda *_: signal.default_int_handler(signal.SIGINT, None)) as presses:
        try:
            yield
        except Exception as error:
            if presses.count:
                raise KeyboardInterrupt from error
            raise


@contextmanager
def _counted(react: Callable[[int, Callable[[], object]], None]) -> Iterator[Presses]:
    """Inside, Ctrl-C is counted; `react` gets the count, and what passes it on to who heard it before."""
    presses = Presses()
    found = {int(number): signal.getsignal(number) for number in CTRL_C if _is_main()}
    heard = {number: before for number, before in found.items() if callable(before)}

    def note(number: int, frame: FrameType | None) -> None:
        presses.count += 1
        react(presses.count, partial(heard[number], number, frame))

    for number in heard:
        signal.signal(number, note)
    try:
        yield presses
    finally:
        for number, before in heard.items():
            signal.signal(number, before)


def _is_main() -> bool:
    """Whether this is the thread that hears signals."""
    return threading.current_thread() is threading.main_thread()
