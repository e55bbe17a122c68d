"""A store of models and what reloads it, for tests that look for themselves."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from service.answering.predictor import Predictor
from service.lifecycle.reload import Outcome, Reloader, models_of
from service.networks.models import ModelStore
from service.networks.runtime import Runtime
from service.settings import Settings
from tests.bundles import write_bundle


class Watched:
    """A store with one model, and a reloader that looks when it is told to."""

    def __init__(self, folder: Path, wanted: str = "colours") -> None:
        self.folder = folder
        write_bundle(folder)
        self.store = ModelStore.load(folder, wanted, Runtime(1))
        self.predictor = Predictor(self.store, Settings(models=folder))
        self.outcomes: list[Outcome] = []
        self.kind = models_of(self.predictor, folder, wanted, Runtime(1))
        self.reloader = Reloader(self.store, [self.kind], self.outcomes.append)

    def check_before_loading(self, check: Callable[[Path], None]) -> None:
        """Let `check` raise where a version cannot be loaded."""

        def load(folder: Path) -> Any:
            check(folder)
            return self.kind.load(folder)

        self.reloader = Reloader(self.store, [replace(self.kind, load=load)], self.outcomes.append)

    def look_twice(self) -> int | None:
        self.reloader.look()
        self.reloader.look()
        return self.store.version("colours")
