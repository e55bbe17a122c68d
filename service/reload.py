"""New model versions, picked up while the service runs."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from service import bundle
from service.errors import InvalidBundle
from service.models import ModelStore, wanted_names

Outcome = Literal["loaded", "rejected"]
_Signature = frozenset[tuple[str, int, int]]
_logger = logging.getLogger(__name__)


class Reloader:
    """Looks for version folders that are not the loaded ones, and swaps them in.

    The highest version that can be served is served: a new folder replaces the old version once it has given
    its golden answers, a removed folder gives way to the one below it, and a bad folder is reported once and
    left alone until its files change. A folder is loaded only when two looks in a row saw the same files, so
    that a copy in progress is not mistaken for a bad model.
    """

    def __init__(
        self,
        store: ModelStore,
        models: Path,
        wanted: str,
        threads: int = 0,
        on_change: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        self._store = store
        self._models = models
        self._wanted = wanted
        self._threads = threads
        self._on_change = on_change
        self._seen: dict[Path, _Signature] = {}
        self._bad: dict[Path, _Signature] = {}

    async def watch(self, seconds: float) -> None:
        """Look every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Look once; blocks while a new version loads."""
        self._store.rejected = {path: why for path, why in self._store.rejected.items() if path.exists()}
        try:
            for name in wanted_names(self._models, self._wanted):
                self._update(name)
        except (OSError, InvalidBundle) as error:
            # The folder may be mounted anew at this very moment; the loaded models go on.
            _logger.warning("cannot look for new models", extra={"reason": str(error)})

    def _update(self, name: str) -> None:
        for version in reversed(bundle.versions(self._models / name)):
            if version == self._store.version(name):
                return
            folder = self._models / name / str(version)
            signature = _signature(folder)
            if self._bad.get(folder) == signature:
                continue
            if self._seen.get(folder) != signature:
                self._seen[folder] = signature
                return
            if self._try(folder, signature):
                return

    def _try(self, folder: Path, signature: _Signature) -> bool:
        facts = {"model": folder.parent.name, "version": int(folder.name)}
        try:
            fresh = bundle.load(folder, self._threads)
        except Exception as error:  # whatever a bad file provokes, the old version stays
            self._bad[folder] = signature
            self._store.rejected = self._store.rejected | {folder: str(error)}
            _logger.error("new model version rejected", extra=facts | {"reason": str(error)})
            self._on_change("rejected")
            return False
        self._store.replace(fresh)
        self._store.rejected = {path: why for path, why in self._store.rejected.items() if path != folder}
        _logger.info("new model version loaded", extra=facts)
        self._on_change("loaded")
        return True


def _signature(folder: Path) -> _Signature:
    files = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return frozenset((str(path), status.st_size, status.st_mtime_ns) for path, status in files)
