"""Which photo a tab shows next, so that no two tabs show the same one."""

import hashlib
import time
from collections.abc import Collection, Sequence
from typing import Final

from training.labelling.suggestions import Suggestions

RESERVED_SECONDS: Final = 300.0
"""So long a photo that one tab shows is kept from the others."""


class Queue:
    """The order of the photos, by their index in `files`, and who is looking at which."""

    def __init__(self, files: Sequence[str], suggestions: Suggestions | None) -> None:
        # Neighbouring files are often of one person or class; a fixed shuffle mixes them.
        self._order = sorted(
            range(len(files)), key=lambda index: hashlib.sha256(files[index].encode()).digest()
        )
        self._suggestions = suggestions
        self._reserved: dict[str, tuple[int, float]] = {}

    def next(self, tab: str, open_photos: Collection[int], labelled: Sequence[int]) -> int | None:
        """What the tab shows already, or the next of the open photos that no other tab shows."""
        held = self._reserved.get(tab)
        index = held[0] if held is not None and held[0] in open_photos else None
        if index is None:
            index = self._choose(open_photos, self._others(tab), labelled)
        if index is not None:
            self.reserve(tab, index)
        return index

    def reserve(self, tab: str, index: int) -> None:
        """Keep a photo for a tab."""
        self._reserved[tab] = (index, time.monotonic() + RESERVED_SECONDS)

    def release(self, tab: str) -> None:
        """The tab has answered."""
        self._reserved.pop(tab, None)

    def _others(self, tab: str) -> set[int]:
        now = time.monotonic()
        return {index for other, (index, until) in self._reserved.items() if other != tab and until > now}

    def _choose(self, open_photos: Collection[int], taken: set[int], labelled: Sequence[int]) -> int | None:
        waiting = [index for index in self._order if index in open_photos]
        # The last photos of all are shown twice rather than lost to a tab that was closed.
        free = [index for index in waiting if index not in taken] or waiting
        if not free:
            return None
        return free[0] if self._suggestions is None else self._suggestions.choose(free, labelled)
