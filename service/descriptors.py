"""How many connections the process may have open: each is a file descriptor, of which systems are sparing."""

import logging
import resource
from contextlib import suppress
from typing import Final

RESERVED: Final = 64
"""Descriptors for everything else: a few dozen, and connections that come before others have made room."""
_logger = logging.getLogger(__name__)


def raise_limit() -> int:
    """Raise the soft limit of open files to the hard one; returns what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # some systems allow less than they say
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft


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
