"""Several processes behind one port: this one forks them, and hands each connection to the one with fewest.

Left to the system, a connection would go to whichever process wakes up first: with two clients both may end
at the same one, and wait for each other beside an idle one. Nothing of what clients send is read here. A
process that ends or hangs is replaced; when this one ends, so do the others, as their channel to it closes.
"""

import logging
import selectors
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

from service import logs
from service.errors import CannotFork
from service.processes import child
from service.processes.acceptor import Door
from service.processes.child import Child, Serve
from service.processes.forking import STOPS
from service.processes.receiver import CONNECTION, READY
from service.processes.shares import Share
from service.settings import Settings

FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 60.0
"""Seconds before a process that has ended early is replaced; they double from the first to the longest."""
LOOK_SECONDS: Final = 5.0
MOST_MISSED: Final = 6
MOST_MISSED_STARTING: Final = 24
"""A process whose event loop has not turned between so many looks in a row hangs, and is replaced. Counted by
looks and not by the clock: whoever pauses a container stops both."""
RETRY_SECONDS: Final = 0.1
"""Until a connection that no process could take is tried again, and what a process had no room for."""
MARGIN_SECONDS: Final = 5.0
"""Over the time that requests have to end; what is still there then is killed."""
_NEVER: Final = float("inf")


class Supervisor:
    """Forks a process for each of `shares` to `serve`, and looks after them until it is told to stop."""

    def __init__(self, settings: Settings, shares: Sequence[Share], serve: Serve) -> None:
        self._settings = settings
        self._shares = shares
        self._serve = serve
        self._children: dict[int, Child] = {}
        self._due: dict[int, float] = {}
        """When to fork anew, by number."""
        self._early: dict[int, int] = {}
        """How many processes in a row have ended early, by number."""
        self._unsaid: list[bytes] = []
        self._stops = 0
        """How often it was told to stop."""
        self._close_at = self._kill_at = _NEVER
        self._look_at = time.monotonic() + LOOK_SECONDS
        self._code = 0
        self._selector = selectors.DefaultSelector()
        self._door = Door(self._selector, self._give)
        self._wake, self._woken = socket.socketpair()

    def run(self) -> int:
        """Serve until told to stop; returns the exit code, 2 where the start failed.

        Raises CannotFork and CannotListen.
        """
        self._watch_signals()
        try:
            self._fork_all()
            while self._children or self._due:
                for key, _ in self._selector.select(self._patience()):
                    key.data()
                self._keep_time()
        finally:
            for one in self._children.values():  # none, but after an error
                one.kill()
        return self._code

    def _watch_signals(self) -> None:
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        # Who has started it may ignore ends of processes, which is inherited: they would be reaped unseen.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in STOPS:
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._signalled)

    def _signalled(self) -> None:
        with suppress(BlockingIOError):
            for number in self._woken.recv(64):
                if number in STOPS:
                    self._stop(self._settings.drain_seconds)

    def _stop(self, drain_seconds: float) -> None:
        """Tell all processes, as their server is told: to drain and stop, to stop, and not to wait.

        Told here and not by signals, which they may get from elsewhere too: from whoever stops a whole group.
        """
        self._stops += 1
        self._due.clear()
        self._look_at = _NEVER
        self._close_at = time.monotonic() + (drain_seconds if self._stops == 1 else 0.0)
        self._kill_at = self._close_at + self._settings.grace_seconds + MARGIN_SECONDS
        for one in self._children.values():
            one.stops += 1
        self._keep_time()
        for one in self._children.values():
            if one.ready_at is None:
                one.kill(signal.SIGTERM)
            elif self._stops > 2:
                one.kill()

    def _patience(self) -> float | None:
        """Seconds until something is due; None where nothing is."""
        first = min((self._close_at, self._kill_at, self._look_at, *self._due.values()))
        if self._door.held or any(one.stops for one in self._children.values()):
            return RETRY_SECONDS
        return None if first == _NEVER else max(0.0, first - time.monotonic())

    def _keep_time(self) -> None:
        now = time.monotonic()
        if now >= self._close_at:
            self._close_at = _NEVER
            self._door.close()
        for one in self._children.values():
            one.stop()
        if now >= self._kill_at:
            self._kill_at = _NEVER
            for one in self._children.values():
                one.kill()
        for number in [number for number, when in self._due.items() if now >= when]:
            del self._due[number]
            self._fork_again(number)
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look()
        if self._door.held:
            self._door.watch(True)

    def _look(self) -> None:
        """End processes that hang."""
        for one in self._children.values():
            ticks = one.share.ticks.own
            one.missed = one.missed + 1 if ticks == one.ticks and self._door.was_opened else 0
            one.ticks = ticks
            if one.missed >= (MOST_MISSED if one.ready_at is not None else MOST_MISSED_STARTING):
                one.kill()

    def _fork_all(self) -> None:
        try:
            for share in self._shares:
                self._fork(share)
        except OSError as error:
            expected = f"Expected room for {len(self._shares)} processes. Received: {error.strerror}."
            raise CannotFork(f"SERVICE_PROCESSES: {expected}") from None

    def _fork(self, share: Share) -> None:
        one = child.fork(share, self._serve, self._leave)
        self._children[share.number] = one
        self._selector.register(one.channel, selectors.EVENT_READ, partial(self._hear, one))

    def _fork_again(self, number: int) -> None:
        try:
            self._fork(replace(self._shares[number], again=True))
        except OSError as error:
            self._early[number] = self._early.get(number, 1) + 1
            self._put_off(number, "no process could be forked", {"reason": str(error.strerror)})

    def _leave(self) -> None:
        """In a child: close what is the supervisor's. A copy of a channel would hide that it is gone."""
        self._selector.close()
        self._door.leave()
        for one in (self._wake, self._woken, *(other.channel for other in self._children.values())):
            one.close()

    def _hear(self, one: Child) -> None:
        for message in one.hear():
            if message == READY:
                self._welcome()
            elif not message:
                self._bury(one)

    def _welcome(self) -> None:
        """A process can answer; the door opens with the last of them."""
        if self._stops:
            return
        if self._door.was_opened:
            self._door.watch(True)
        elif all(one.ready_at is not None for one in self._children.values()):
            for host, port in self._door.open(self._settings.host, self._settings.port):
                self._say(logging.INFO, "listening", {"host": host, "port": port})
        self._tell()

    def _bury(self, one: Child) -> None:
        """A process has ended: another takes its place, unless there is no point."""
        self._selector.unregister(one.channel)
        code, number = one.bury(), one.share.number
        del self._children[number]
        self._unsaid += one.unsaid
        if self._stops:
            return
        complaint = one.complaint or f"A process ended while it started, with exit code {code}."
        if one.ready_at is None and not (self._door.was_opened and self._children):
            self._give_up(1 if self._door.was_opened else 2, complaint)
            return
        self._early[number] = 1 if one.has_lived else self._early.get(number, 0) + 1
        self._put_off(number, "a process ended and is replaced", {"exit_code": code, "reason": one.complaint})

    def _put_off(self, number: int, message: str, facts: dict[str, Any]) -> None:
        """Fork anew, at once for the first time, and later and later if that does not help."""
        early = self._early[number]
        delay = 0.0 if early == 1 else min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (early - 2))
        self._due[number] = time.monotonic() + delay
        self._say(logging.ERROR, message, {"of": number, "seconds": delay} | facts)

    def _give_up(self, code: int, complaint: str) -> None:
        logs.complain(complaint)
        self._code = code
        self._stop(0.0)

    def _say(self, level: int, message: str, facts: dict[str, Any]) -> None:
        """Let a process log this: to write may take long, and then nobody could connect."""
        self._unsaid.append(child.line(level, message, facts))
        self._tell()

    def _tell(self) -> None:
        for one in self._children.values():
            while self._unsaid and one.ready_at is not None and one.say(self._unsaid[0]):
                del self._unsaid[0]

    def _give(self, connection: socket.socket) -> bool:
        """Hand a connection to the process with fewest, to one that hangs last; False where none takes it."""
        ready = [one for one in self._children.values() if one.ready_at is not None]
        ready.sort(key=lambda one: (one.missed > 1, one.share.connections, one.share.handed.own))
        for one in ready:
            if one.send(CONNECTION, connection.fileno()):
                one.share.handed.own += 1
                return True
        return False
