"""New model versions, picked up while the service runs."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from service import bundle, locator_bundle
from service.errors import InvalidBundle
from service.models import ModelStore, wanted_names
from service.predictor import Predictor
from service.runtime import Runtime
from service.sessions import DOCUMENT as LOCATOR_FILE

Outcome = Literal["loaded", "rejected"]
_Signature = frozenset[tuple[str, int, int]]
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """One kind of bundle, and how the service takes a new one."""

    file: str
    """What every version folder holds."""
    folders: Callable[[], list[Path]]
    """`models/<name>` of each bundle that is served."""
    version: Callable[[str], int | None]
    """The version in use, by name."""
    load: Callable[[Path], Any]
    """Load and verify a version folder; raises whatever a bad file provokes."""
    replace: Callable[[Any], None]
    """Serve what `load` returned, from the next request on."""


def models_of(store: ModelStore, models: Path, wanted: str, runtime: Runtime) -> Kind:
    """The classifiers that a service is asked to serve."""
    return Kind(
        file=bundle.MODEL_FILE,
        folders=lambda: [models / name for name in wanted_names(models, wanted)],
        version=store.version,
        load=lambda folder: bundle.load(folder, runtime),
        replace=store.replace,
    )


def locators(predictor: Predictor, folder: Path, runtime: Runtime) -> Kind:
    """The eye locator."""

    def replace(fresh: Any) -> None:
        predictor.locator = fresh

    return Kind(
        file=LOCATOR_FILE,
        folders=lambda: [folder],
        version=lambda name: predictor.locator.version if predictor.locator else None,
        load=lambda version: locator_bundle.load(version, runtime),
        replace=replace,
    )


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
        kinds: Sequence[Kind],
        on_change: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        self._store = store
        self._kinds = kinds
        self._on_change = on_change
        self._seen: dict[Path, _Signature] = {}
        self._bad: dict[Path, _Signature] = {}

    async def watch(self, seconds: float) -> None:
        """Look every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await asyncio.to_thread(self.look)
            except Exception:  # a watcher that dies would keep every later version away
                _logger.exception("looking for new models failed")

    def look(self) -> None:
        """Look once; blocks while a new version loads."""
        self._store.rejected = {path: why for path, why in self._store.rejected.items() if path.exists()}
        try:
            for kind in self._kinds:
                for folder in kind.folders():
                    self._update(kind, folder)
        except (OSError, InvalidBundle) as error:
            # The folder may be mounted anew at this very moment; the loaded models go on.
            _logger.warning("cannot look for new models", extra={"reason": str(error)})

    def _update(self, kind: Kind, bundles: Path) -> None:
        for version in reversed(bundle.versions(bundles, kind.file)):
            if version == kind.version(bundles.name):
                return
            folder = bundles / str(version)
            signature = _signature(folder)
            if self._bad.get(folder) == signature:
                continue
            if self._seen.get(folder) != signature:
                self._seen[folder] = signature
                return
            if self._try(kind, folder, signature):
                return

    def _try(self, kind: Kind, folder: Path, signature: _Signature) -> bool:
        facts = {"model": folder.parent.name, "version": int(folder.name)}
        try:
            fresh = kind.load(folder)
        except Exception as error:  # whatever a bad file provokes, the old version stays
            self._bad[folder] = signature
            self._store.rejected = self._store.rejected | {folder: str(error)}
            _logger.error("new model version rejected", extra=facts | {"reason": str(error)})
            self._on_change("rejected")
            return False
        kind.replace(fresh)
        self._store.rejected = {path: why for path, why in self._store.rejected.items() if path != folder}
        _logger.info("new model version loaded", extra=facts)
        self._on_change("loaded")
        return True


def _signature(folder: Path) -> _Signature:
    files = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return frozenset((str(path), status.st_size, status.st_mtime_ns) for path, status in files)
