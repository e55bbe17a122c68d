"""Log lines on their way out: a reader that has stopped reading holds up nobody but the log."""

import logging
import os
import select
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

MOST_LINES: Final = 4096
"""Lines that may wait: about a megabyte of requests, twenty where each has a traceback."""
TOGETHER: Final = 256
"""Lines that the thread takes at a time."""
PAUSE_SECONDS: Final = 0.05
"""Before it takes the next, unless as many wait already. A thread that woke up for every line would take the
interpreter from the event loop and the workers as often: it cost 1 to 7 % of the answers."""
LAST_SECONDS: Final = 1.0
"""How long the end of the process waits for the lines that wait."""


class LogWriter(logging.Handler):
    """Writes a line for each record to a file descriptor, from a thread of its own: at once, or with others.

    Neither a pipe that nobody empties nor a full disk stops or fails what logs. Lines that find no room are
    dropped until half of those that wait are written, so that one line says how many were, not one for each.
    The queue is one that a signal handler may put into at any moment, unlike `queue.Queue`.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: SimpleQueue[str | threading.Event] = SimpleQueue()
        self._full = False
        self._dropped = 0
        """Counted here by those who log, and by the thread in a number of its own: neither needs a lock."""
        self._torn = False
        """Whether the last line that is out has no end."""
        threading.Thread(target=self._write_all, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the record's line, which is made here: its arguments may change later."""
        self._full = self._lines.qsize() >= (MOST_LINES // 2 if self._full else MOST_LINES)
        if self._full:
            self._dropped += 1
            return
        try:
            self._lines.put(self.format(record))
        except Exception:  # as every handler does: a bad record is no reason to fail what logs it
            self.handleError(record)

    def flush(self) -> None:
        """Wait for the lines that wait, a second at most; `logging` does so at the end of the process."""
        written = threading.Event()
        self._lines.put(written)
        written.wait(LAST_SECONDS)

    def _write_all(self) -> None:
        failed = told = 0
        while True:
            waiting = [self._lines.get(), *self._more()]
            lost = self._write([one for one in waiting if isinstance(one, str)])
            failed += lost
            untold = self._dropped + failed - told
            if untold and not lost and self._lines.qsize() <= MOST_LINES // 2:
                told += untold if not self._write([self._notice(untold)]) else 0
            for one in waiting:
                if isinstance(one, threading.Event):
                    one.set()
            if self._lines.qsize() < TOGETHER:
                time.sleep(PAUSE_SECONDS)

    def _more(self) -> Iterator[str | threading.Event]:
        with suppress(Empty):
            for _ in range(TOGETHER - 1):
                yield self._lines.get_nowait()

    def _write(self, lines: Sequence[str]) -> int:
        """How many are not out. Not past the buffers of `sys.stdout`: Python's end would wait for them."""
        groups = list(_groups(lines))
        for number, group in enumerate(groups):
            rest = b"\n" + group if self._torn else group
            try:
                while rest:
                    written = os.write(self._descriptor, rest)
                    self._torn = not rest[:written].endswith(b"\n")
                    rest = rest[written:]
            except OSError:  # the reader is gone or the disk is full; a traceback for each line helps nobody
                ends = min(rest.count(b"\n"), group.count(b"\n"))
                return ends + sum(later.count(b"\n") for later in groups[number + 1 :])
        return 0

    def _notice(self, lost: int) -> str:
        facts = {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING"}
        return self.format(logging.makeLogRecord(facts | {"msg": "log lines were lost", "lines": lost}))


def _groups(lines: Sequence[str]) -> Iterator[bytes]:
    """The lines as the system writes them in one piece to a pipe that others write to as well."""
    group = b""
    for line in lines:
        encoded = f"{line}\n".encode()
        if group and len(group) + len(encoded) > select.PIPE_BUF:
            yield group
            group = b""
        group += encoded
    if group:
        yield group
