"""Names of files: those that no table and no page can hold, and those that are written in two ways.

Archives from elsewhere leave both behind.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from training.errors import TrainingError

NOT_UNICODE: Final = "a name that is not UTF-8; rename it, please"


def is_unicode(name: str) -> bool:
    """Whether a name, as Python reads it from the disk, is text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(name: str) -> str:
    """The name with a question mark for each byte that is no text."""
    return name.encode(errors="replace").decode()


def check_names(paths: Iterable[Path]) -> None:
    """Raise TrainingError for the first path that cannot be written into a table."""
    for path in paths:
        if not is_unicode(str(path)):
            raise TrainingError(
                f"Expected names in UTF-8. Received: {printable(str(path))}; rename it, please."
            )


def check_lines(names: Iterable[str]) -> None:
    """Raise TrainingError for the first name of several lines: no table may hold one."""
    for name in names:
        if "\n" in name or "\r" in name:
            raise TrainingError(f"Expected file names of one line. Received: {name!r}; rename it, please.")


def is_plain(name: str) -> bool:
    """Whether a name is that of a file in the very folder, and no way out of it."""
    return name not in ("", ".", "..") and not set(name) & set("/\\\0")


def composed(name: str) -> str:
    """The name with each letter and its marks put together (NFC), as most keyboards and programs write it."""
    return unicodedata.normalize("NFC", name)


class Names:
    """Names that are there, for those who know them from a table.

    `ü` is one character or a `u` and two dots (Unicode, annex 15: NFC and NFD), which look alike. Macs and
    archives turn one into the other in the names of files, and not in the tables beside them.
    """

    def __init__(self, there: Iterable[str]) -> None:
        self._there = frozenset(there)
        self._alike: dict[str, list[str]] = defaultdict(list)
        for name in self._there:
            self._alike[composed(name)].append(name)

    def meant(self, written: str) -> str:
        """The very name, or else the only one that looks alike; as written for none or several."""
        if written in self._there:
            return written
        alike = self._alike.get(composed(written), ())
        return alike[0] if len(alike) == 1 else written
