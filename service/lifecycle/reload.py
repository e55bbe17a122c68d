"""New model versions, picked up while the service runs."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from service.answering.predictor import Predictor
from service.errors import InvalidBundle, TooFewThreads
from service.lifecycle.rejections import Rejections, Signature, signature_of
from service.locator import bundle as locator_bundle
from service.locator.document import DOCUMENT
from service.machine import threads
from service.networks import bundle
from service.networks.folders import MODEL_FILE, candidates, versions, wanted_names, wants_all
from service.networks.models import ModelStore
from service.networks.runtime import Runtime

SLOW_SECONDS: Final = 60.0
"""A look that takes longer is reported."""
LAST_SECONDS: Final = 3.0
"""How long the end of the service waits for a look: Python's end aborts while ONNX Runtime loads a model."""

Outcome = Literal["loaded", "rejected"]
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


def models_of(predictor: Predictor, models: Path, wanted: str, runtime: Runtime) -> Kind:
    """The classifiers that a service is asked to serve; none that looks at eyes without a locator."""

    def load(folder: Path) -> Any:
        fresh = bundle.load(folder, runtime)
        if fresh.metadata.crop and predictor.locator is None:
            raise InvalidBundle(f"{folder}: expected an eye locator, which this model needs. Received: none.")
        return fresh

    return Kind(
        file=MODEL_FILE,
        folders=lambda: _folders(models, wanted),
        version=predictor.models.version,
        load=load,
        replace=predictor.models.replace,
    )


def locators(predictor: Predictor, folder: Path, runtime: Runtime) -> Kind:
    """The eye locator."""

    def replace(fresh: Any) -> None:
        predictor.locator = fresh

    return Kind(
        file=DOCUMENT,
        folders=lambda: [folder],
        version=lambda name: predictor.locator.version if predictor.locator else None,
        load=lambda version: locator_bundle.load(version, runtime),
        replace=replace,
    )


def _folders(models: Path, wanted: str) -> list[Path]:
    # Not by their names, which one folder that may not be read would keep from being known.
    if wants_all(wanted):
        return candidates(models)
    return [models / name for name in wanted_names(models, wanted)]


class Reloader:
    """Looks for version folders that are not the loaded ones, and swaps them in.

    The highest version that can be served is served: a new folder replaces the old version once it has given
    its golden answers, a removed folder gives way to the one below it, and a bad folder is reported once and
    left alone for some minutes, or until its files change. A folder is loaded only when two looks in a row
    saw the same files, and is bad only where they have been the same for longer, so that a copy in progress
    is not mistaken for a bad model.
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
        self._seen: dict[Path, tuple[Signature, float]] = {}
        """Files of a folder, and since when they are the same, on the monotonic clock."""
        self._rejections = Rejections()
        self._hindered: dict[str, str] = {}
        """What kept from the last look, or from a part of it, and has been told."""

    async def watch(self, seconds: float) -> None:
        """Look every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                with self._reported("thread"):
                    await self._look_aside()
            except Exception:  # a watcher that dies would keep every later version away
                _logger.exception("looking for new models failed")

    def look(self) -> None:
        """Look once; blocks while a new version loads."""
        rejected = self._store.rejected.items()
        self._store.rejected = {path: why for path, why in rejected if not _is_gone(path)}
        for kind in self._kinds:
            with self._reported(kind.file):
                for folder in kind.folders():
                    with self._reported(str(folder)):
                        self._update(kind, folder)

    async def _look_aside(self) -> None:
        """Look on a thread that cannot hold up the end of the process: a network's file system may hang."""
        looking = asyncio.wrap_future(_in_background(self.look))
        try:
            done, _ = await asyncio.wait([looking], timeout=SLOW_SECONDS)
            if not done:
                _logger.warning("looking for new models takes long", extra={"seconds": SLOW_SECONDS})
                await asyncio.wait([looking])
        except asyncio.CancelledError:
            try:
                await asyncio.wait([looking], timeout=LAST_SECONDS)
            finally:  # who cannot wait cancels once more, and asyncio would tell of a look that fails then
                looking.cancel()
            raise
        looking.result()

    def _update(self, kind: Kind, bundles: Path) -> None:
        for version in reversed(versions(bundles, kind.file)):
            if version == kind.version(bundles.name):
                return
            folder = bundles / str(version)
            signature = signature_of(folder)
            if self._rejections.hold(folder, signature):
                continue
            seen, since = self._seen.get(folder, (None, 0.0))
            if seen != signature:
                self._seen[folder] = signature, time.monotonic()
                return
            if self._try(kind, folder, signature, since):
                return

    def _try(self, kind: Kind, folder: Path, signature: Signature, since: float) -> bool:
        facts: dict[str, Any] = {"model": folder.parent.name, "version": int(folder.name)}
        try:
            fresh = kind.load(folder)
        except Exception as error:  # whatever a bad file provokes, the old version stays
            if signature_of(folder) != signature:  # it is taken away or copied at this very moment
                return False
            facts["reason"] = str(error)
            verdict = self._rejections.add(folder, signature, error, since)
            if verdict == "early":
                _logger.info("new model version is not complete, or bad", extra=facts)
                return False
            self._store.rejected = self._store.rejected | {folder: str(error)}
            if verdict == "new":
                _logger.error("new model version rejected", extra=facts)
                self._on_change("rejected")
            return False
        kind.replace(fresh)
        self._store.rejected = {path: why for path, why in self._store.rejected.items() if path != folder}
        _logger.info("new model version loaded", extra=facts)
        self._on_change("loaded")
        return True

    @contextmanager
    def _reported(self, what: str) -> Iterator[None]:
        """Tell what keeps from a look, or from this part of it: once, until it is over or something else."""
        try:
            yield
        except (OSError, InvalidBundle, TooFewThreads) as error:
            # The folder may be mounted anew at this very moment; the loaded models go on.
            if self._hindered.get(what) != str(error):
                _logger.warning("cannot look for new models", extra={"reason": str(error)})
            self._hindered[what] = str(error)
        else:
            self._hindered.pop(what, None)


def _in_background(work: Callable[[], None]) -> "Future[None]":
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            work()
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(None)

    threads.start(threading.Thread(target=run, name="reload", daemon=True))
    return future


def _is_gone(path: Path) -> bool:
    try:
        return not path.exists()
    except OSError:  # who may not look cannot tell
        return False
