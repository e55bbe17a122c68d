"""How many connections the process may have open: each is a file descriptor, of which systems are sparing."""

import logging
import os
import resource
from contextlib import ExitStack, suppress
from typing import Final

from service.errors import TooFewDescriptors

RESERVED: Final = 64
"""Descriptors for everything else: a few dozen, and connections that come before others have made room."""
FEWEST: Final = 24
"""Descriptors without which nothing starts: models, event loop and log take some 17 at most."""
OF_PROCESS: Final = 2
"""Descriptors that the supervisor has for each process: its channel, and where it tells its metrics."""
_logger = logging.getLogger(__name__)


def raise_limit() -> int:
    """Raise the soft limit of open files to the hard one; returns what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # some systems allow less than they say
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft


def make_room(processes: int) -> None:
    """Raise the soft limit to the hard one, and see that so many processes have the descriptors to start.

    What the process was started with counts, and so does what the system has left. Raises TooFewDescriptors.
    """
    raise_limit()
    wanted = FEWEST + (OF_PROCESS * processes if processes > 1 else 0)
    with ExitStack() as taken:
        for number in range(wanted):
            try:
                taken.callback(os.close, os.dup(2))
            except OSError as error:
                raise TooFewDescriptors(_reason(processes, wanted, number, error)) from None


def _reason(processes: int, wanted: int, received: int, error: OSError) -> str:
    name, several, fewer = "", "", ""
    if processes > 1:
        name, several, fewer = "SERVICE_PROCESSES: ", f" for {processes} processes", ", or set fewer"
    return (
        f"{name}Expected room to open {wanted} more files{several}. "
        f"Received: {received} ({error.strerror}); raise the limit (ulimit -n){fewer}."
    )


def allow_connections(wanted: int) -> int:
    """Raise the soft limit to the hard one; returns `wanted`, or, with a warning, what descriptors allow.

    Without descriptors no new connection is accepted, so none would make the idle ones go.
    """
    soft = raise_limit()
    possible = wanted if soft == resource.RLIM_INFINITY else max(1, soft - RESERVED)
    if possible < wanted:
        facts = {"wanted": wanted, "connections": possible, "descriptors": soft}
        _logger.warning("fewer connections than set, for want of file descriptors", extra=facts)
    return min(wanted, possible)
