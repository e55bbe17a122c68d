"""A forked process that serves, as its supervisor sees it: a process id and a channel."""

import json
import os
import signal
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from service.processes.ending import end
from service.processes.forking import STOPS, held_back
from service.processes.receiver import FAILED, LOG, MOST_BYTES, READY, SAID, STOP
from service.processes.shares import Share

LIVED_SECONDS: Final = 10.0
"""Since it was ready: what ends sooner may do so again and again."""

Serve = Callable[[Share, socket.socket], int]
"""What a process does with its share and its channel; returns the exit code."""


@dataclass(eq=False)
class Child:
    """A process that serves, until its channel closes."""

    pid: int
    share: Share
    channel: socket.socket
    ready_at: float | None = None
    """By the monotonic clock."""
    complaint: str = ""
    """Why it could not start."""
    unsaid: list[bytes] = field(default_factory=list)
    """Lines that it was to log and has not yet."""
    ticks: int = 0
    """As they were at the last look."""
    missed: int = 0
    """Looks in a row without another tick."""
    stops: int = 0
    """How often it is still to be told to stop: its channel may be full."""

    @property
    def has_lived(self) -> bool:
        """Whether it has served for a while."""
        return self.ready_at is not None and time.monotonic() - self.ready_at >= LIVED_SECONDS

    def send(self, message: bytes, *descriptors: int) -> bool:
        """Whether it is there to take this; one that hangs has no room for more after a while."""
        try:
            socket.send_fds(self.channel, [message], descriptors)
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Tell it to stop as often as it is due, as far as its channel has room."""
        while self.stops and self.send(STOP):
            self.stops -= 1

    def say(self, line: bytes) -> bool:
        """Let it log a line; False where it cannot take it."""
        taken = self.send(line)
        if taken:
            self.unsaid.append(line)
        return taken

    def hear(self) -> Iterator[bytes]:
        """What it says: READY, and an empty message at its end; anything else is kept here."""
        while True:
            try:
                message = self.channel.recv(MOST_BYTES)
            except BlockingIOError:
                return
            except ConnectionError:
                message = b""
            if message == SAID:
                del self.unsaid[:1]
            elif message.startswith(FAILED):
                self.complaint = message.removeprefix(FAILED).decode(errors="replace")
            elif message == READY:
                self.ready_at = time.monotonic()
                yield message
            elif not message:
                yield message
                return

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal; it is not reaped before it has ended, so that its id is its own."""
        os.kill(self.pid, number)

    def bury(self) -> int:
        """Reap it once it has closed its channel; returns the exit code."""
        self.channel.close()
        _, status = os.waitpid(self.pid, 0)
        self.share.clear()
        return os.waitstatus_to_exitcode(status)


def line(level: int, message: str, facts: dict[str, Any]) -> bytes:
    """A message to a child: what it is to log."""
    return LOG + json.dumps({"level": level, "message": message, "facts": facts}).encode()


def fork(share: Share, serve: Serve, leave: Callable[[], None]) -> Child:
    """Fork a process that calls `leave`, to close what is the supervisor's alone, and then `serve`.

    Raises OSError where the system has no room for another.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with held_back(STOPS):
        try:
            pid = os.fork()
        except OSError:
            ours.close()
            theirs.close()
            raise
        if pid == 0:
            _be(share, ours, theirs, serve, leave)
    theirs.close()
    ours.setblocking(False)
    return Child(pid, share, ours)


def _be(
    share: Share, theirs: socket.socket, channel: socket.socket, serve: Serve, leave: Callable[[], None]
) -> NoReturn:
    code = 1
    try:
        theirs.close()
        leave()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        code = serve(share, channel)
    except BaseException:
        traceback.print_exc()
    finally:  # it must not go on as its supervisor, whatever could not be said
        end(code)
