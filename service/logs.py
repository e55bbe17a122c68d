"""Logs as one JSON object a line: what happened, never a photo, a file name or an address of a person."""

import faulthandler
import io
import json
import logging
import os
import select
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from service.log_writer import LogWriter

_PATIENCE_MS: Final = 1000
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """A record and its `extra` fields as one line of JSON, with `facts` about whoever logs."""

    def __init__(self, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self._facts = facts or {}

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        document: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._facts,
        }
        document |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps(document, default=str)


def configure(level: str, descriptor: int = 1, facts: Mapping[str, Any] | None = None) -> None:
    """Send every logger's records to a file descriptor, standard output, from `level` (`info`, ...) on.

    Each line has the `facts` too.
    """
    handler = LogWriter(os.dup(descriptor))
    handler.setFormatter(JsonFormatter(facts))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    # Nobody reads these in a record, and each costs a little.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.getLogger("service").setLevel(level.upper())
    # Its warnings are one line for each malformed request: a way to flood the log.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    # What Pillow says about a damaged picture is about the picture.
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    logging.captureWarnings(True)


def open_standard_streams() -> None:
    """Let those that were closed before the start lead nowhere.

    Their numbers would be the next files' and clients' otherwise, and what C code prints would go there.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
    sys.stderr = sys.stderr or open(os.devnull, "w")


def complain(line: str) -> None:
    """Say this on standard error, where it can be said.

    A full disk and a reader that is gone or has stopped reading stop nobody.
    """
    with suppress(OSError):
        if _takes_more(sys.stderr):
            sys.stderr.write(f"{line}\n")


def _takes_more(stream: TextIO) -> bool:
    """Whether a line can be written without waiting, within a moment; what is no file takes any number."""
    try:
        poller = select.poll()
        poller.register(stream.fileno(), select.POLLOUT)
    except io.UnsupportedOperation:
        return True
    return bool(poller.poll(_PATIENCE_MS))


def silence_native_libraries() -> None:
    """Take the standard error stream away from C code; Python and crash reports keep it.

    libtiff prints a line for each damaged row of a picture: one upload could fill a log.
    """
    kept = os.fdopen(os.dup(2), "w", buffering=1)
    faulthandler.enable(kept)
    sys.stderr = kept
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
