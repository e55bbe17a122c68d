"""Several processes behind one port: this one forks them, and hands each connection to the one with fewest.

Left to the system, a connection would go to whichever process wakes up first: with two clients both may end
at the same one, and wait for each other beside an idle one. Nothing of what clients send is read here. A
process that ends is replaced; when this one ends, so do the others, as their channel to it closes.
"""

import json
import logging
import multiprocessing
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import ForkProcess
from typing import Any, Final

from service.door import Door
from service.handed import CONNECTION, FAILED, LOG, MOST_BYTES, READY
from service.settings import Settings
from service.shares import Share

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 60.0
"""Seconds before a process that could not start is tried again; they double from the first to the longest."""
LOOK_SECONDS: Final = 5.0
MOST_MISSED: Final = 6
"""A process whose event loop has not turned between so many looks in a row hangs, and is replaced. Counted by
looks and not by the clock: whoever pauses a container stops both."""
_NEVER: Final = float("inf")
_FORK: Final = multiprocessing.get_context("fork")

Serve = Callable[[Share, socket.socket], int]
"""What a process does with its share and its channel; returns the exit code."""


@dataclass(eq=False)
class Child:
    """A process that serves."""

    share: Share
    process: ForkProcess
    channel: socket.socket
    ready: bool = False
    complaint: str = ""
    """Why it could not start."""
    ticks: int = 0
    """As they were at the last look."""
    missed: int = 0
    """Looks in a row without another tick."""

    def send(self, message: bytes, *descriptors: int) -> bool:
        """Whether it is there to take this; one that hangs has no room for more after a while."""
        try:
            socket.send_fds(self.channel, [message], descriptors)
        except OSError:
            return False
        return True


class Supervisor:
    """Forks a process for each of `shares` to `serve`, and looks after them until it is told to stop."""

    def __init__(self, settings: Settings, shares: Sequence[Share], serve: Serve) -> None:
        self._settings = settings
        self._shares = shares
        self._serve = serve
        self._children: dict[int, Child] = {}
        self._due: dict[int, float] = {}
        """When to fork anew, by number."""
        self._delays: dict[int, float] = {}
        self._unsaid: list[bytes] = []
        self._stops = 0
        """How often it was told to stop."""
        self._close_at = _NEVER
        self._look_at = time.monotonic() + LOOK_SECONDS
        self._code = 0
        self._selector = selectors.DefaultSelector()
        self._door = Door(self._selector, self._give)
        self._wake, self._woken = socket.socketpair()

    def run(self) -> int:
        """Serve until told to stop; returns the exit code, 2 where the start failed. Raises CannotListen."""
        self._watch_signals()
        for share in self._shares:
            self._fork(share)
        try:
            while self._children or self._due:
                for key, _ in self._selector.select(self._patience()):
                    key.data()
                self._keep_time()
        finally:
            for child in self._children.values():  # none, but after an error
                child.process.kill()
        return self._code

    def _watch_signals(self) -> None:
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._signalled)

    def _signalled(self) -> None:
        with suppress(BlockingIOError):
            for number in self._woken.recv(64):
                if number in SIGNALS:
                    self._stop(self._settings.drain_seconds)

    def _stop(self, drain_seconds: float) -> None:
        """Tell all processes; the door closes before they are done, at once where this was asked before."""
        self._stops += 1
        self._due.clear()
        self._look_at = _NEVER
        self._close_at = time.monotonic() + (drain_seconds if self._stops == 1 else 0.0)
        self._keep_time()
        for child in self._children.values():
            child.process.terminate()

    def _patience(self) -> float | None:
        """Seconds until something is due; None where nothing is."""
        first = min((self._close_at, self._look_at, *self._due.values()))
        return None if first == _NEVER else max(0.0, first - time.monotonic())

    def _keep_time(self) -> None:
        now = time.monotonic()
        if now >= self._close_at:
            self._close_at = _NEVER
            self._door.close()
        for number in [number for number, when in self._due.items() if now >= when]:
            del self._due[number]
            self._fork(self._shares[number])
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look()

    def _look(self) -> None:
        """End processes that hang."""
        for child in self._children.values():
            ticks = child.share.ticks.own
            child.missed = child.missed + 1 if child.ready and ticks == child.ticks else 0
            child.ticks = ticks
            if child.missed >= MOST_MISSED:
                child.process.kill()

    def _fork(self, share: Share) -> None:
        share.clear()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        process = _FORK.Process(target=self._be_a_child, args=(share, ours, theirs), daemon=True)
        with _no_signals():  # until the child has its own way with them
            process.start()
        theirs.close()
        ours.setblocking(False)
        child = self._children[share.number] = Child(share, process, ours)
        self._selector.register(ours, selectors.EVENT_READ, partial(self._hear, child))
        self._selector.register(process.sentinel, selectors.EVENT_READ, partial(self._bury, child))

    def _be_a_child(self, share: Share, ours: socket.socket, theirs: socket.socket) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self._selector.close()
        self._door.leave()
        # An open copy of a channel would keep its process from seeing that the supervisor is gone.
        for one in (self._wake, self._woken, ours, *(child.channel for child in self._children.values())):
            one.close()
        try:
            code = self._serve(share, theirs)
        finally:
            logging.shutdown()
        sys.exit(code)

    def _hear(self, child: Child) -> None:
        """Read what a process has to say."""
        while child.channel.fileno() >= 0:
            try:
                message = child.channel.recv(MOST_BYTES)
            except BlockingIOError:
                return
            except ConnectionError:
                message = b""
            if message == READY:
                self._welcome(child)
            elif message.startswith(FAILED):
                child.complaint = message.removeprefix(FAILED).decode()
            elif not message:
                self._selector.unregister(child.channel)
                child.channel.close()

    def _welcome(self, child: Child) -> None:
        """A process can answer; the door opens with the last of them."""
        child.ready = True
        self._delays.pop(child.share.number, None)
        if self._stops:
            return
        if self._door.was_opened:
            self._door.watch(True)
        elif all(one.ready for one in self._children.values()):
            for host, port in self._door.open(self._settings.host, self._settings.port):
                self._say(logging.INFO, "listening", {"host": host, "port": port})
        for line in self._unsaid:
            child.send(line)
        self._unsaid.clear()

    def _bury(self, child: Child) -> None:
        """A process has ended: another takes its place, unless there is no point."""
        self._hear(child)
        self._selector.unregister(child.process.sentinel)
        child.process.join()
        code, number = child.process.exitcode, child.share.number
        child.process.close()
        del self._children[number]
        child.share.clear()
        if self._stops:
            return
        complaint = child.complaint or f"A process ended while it started, with exit code {code}."
        if not child.ready and not (self._door.was_opened and self._children):
            self._give_up(1 if self._door.was_opened else 2, complaint)
            return
        if not any(one.ready for one in self._children.values()):
            self._door.watch(False)
        delay = 0.0
        if not child.ready:
            delay = self._delays[number] = min(LONGEST_DELAY, 2 * self._delays.get(number, FIRST_DELAY / 2))
        self._due[number] = time.monotonic() + delay
        facts = {"of": number, "exit_code": code, "seconds": delay, "reason": child.complaint}
        self._say(logging.ERROR, "a process ended and is replaced", facts)

    def _give_up(self, code: int, complaint: str) -> None:
        sys.stderr.write(f"{complaint}\n")
        self._code = code
        self._stop(0.0)

    def _say(self, level: int, message: str, facts: dict[str, Any]) -> None:
        """Let a process log this: to write may take long, and then nobody could connect."""
        line = LOG + json.dumps({"level": level, "message": message, "facts": facts}).encode()
        if not any(child.send(line) for child in self._children.values() if child.ready):
            self._unsaid.append(line)

    def _give(self, connection: socket.socket) -> None:
        ready = (child for child in self._children.values() if child.ready)
        for child in sorted(ready, key=lambda one: (one.share.connections, one.share.handed.own)):
            if child.send(CONNECTION, connection.fileno()):
                child.share.handed.own += 1
                return


@contextmanager
def _no_signals() -> Iterator[None]:
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
