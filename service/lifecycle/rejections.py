"""Version folders that could not be served, and when to try them again."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from service.errors import TooFewThreads

RETRY_SECONDS: Final = 300.0
"""After so long a folder is tried again as it is: what was wrong may not have been in its files."""
STILL_SECONDS: Final = 30.0
"""So long the files of a folder have to be still before it is rejected: a copy may stall for a while."""
_LASTING: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
"""What the next look would meet again. Its mending shows in the signature."""

Verdict = Literal["early", "new", "known"]
"""Whether it is too early to tell, or the reason is news or known."""
Signature = frozenset[tuple[str, int, int, int, int]]


@dataclass(frozen=True)
class _Rejection:
    signature: Signature
    reason: str
    until: float
    """On the monotonic clock."""


class Rejections:
    """Remembers why a folder was rejected, and as what."""

    def __init__(self) -> None:
        self._known: dict[Path, _Rejection] = {}

    def add(self, folder: Path, signature: Signature, error: Exception, since: float) -> Verdict:
        """Keep a folder away for a while, whose files have been the same `since` then (on the same clock)."""
        before, now, reason = self._known.get(folder), time.monotonic(), str(error)
        passes, settled = _may_pass(error), since + STILL_SECONDS
        if now < settled and not passes:
            self._known[folder] = _Rejection(signature, "", settled)
            return "early"
        self._known[folder] = _Rejection(signature, reason, now if passes else now + RETRY_SECONDS)
        is_known = before is not None and (before.signature, before.reason) == (signature, reason)
        return "known" if is_known else "new"

    def hold(self, folder: Path, signature: Signature) -> bool:
        """Whether a folder is still to be left alone."""
        known = self._known.get(folder)
        return known is not None and known.signature == signature and time.monotonic() < known.until


def signature_of(folder: Path) -> Signature:
    """What changes with any file of a folder, also where only its rights change."""
    found = (path for path in folder.rglob("*") if path.exists() and not path.is_dir())
    try:
        return frozenset(
            (str(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_mode)
            for path, status in ((path, path.stat()) for path in found)
        )
    except (PermissionError, FileNotFoundError):  # it may not be entered, or is just being taken away
        return frozenset()


def _may_pass(error: BaseException | None) -> bool:
    """Whether want of memory, descriptors, threads or the like is behind an error: the next look may do."""
    while error is not None:
        # Pillow's errors about a picture are OSErrors too, but have no number.
        numbered = isinstance(error, OSError) and error.errno is not None
        if isinstance(error, (MemoryError, TooFewThreads)) or (numbered and not isinstance(error, _LASTING)):
            return True
        error = error.__cause__ or error.__context__
    return False
