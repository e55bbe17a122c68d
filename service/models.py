"""The models that this process serves."""

from collections.abc import Iterator
from pathlib import Path

from service import bundle
from service.bundle import Bundle
from service.errors import InvalidBundle, UnknownModel


class ModelStore:
    """Loaded bundles by name, the default one first."""

    def __init__(self, bundles: list[Bundle]) -> None:
        if not bundles:
            raise InvalidBundle("Expected at least one model. Received: none.")
        self._bundles = {item.metadata.name: item for item in bundles}
        self.default = bundles[0].metadata.name

    @classmethod
    def load(cls, models: Path, wanted: str, threads: int) -> "ModelStore":
        """Load and verify the newest version of each wanted model (`*`: every bundle in the folder)."""
        chosen = (
            bundle.names(models) if wanted.strip() == "*" else [name.strip() for name in wanted.split(",")]
        )
        return cls([bundle.load(bundle.newest(models, name), threads) for name in chosen if name])

    def get(self, name: str | None) -> Bundle:
        """The bundle of that name, or the default one; raises UnknownModel."""
        found = self._bundles.get(name or self.default)
        if found is None:
            raise UnknownModel(f"Expected one of {', '.join(self._bundles)}. Received: {name!r:.100}.")
        return found

    def __iter__(self) -> Iterator[Bundle]:
        return iter(self._bundles.values())
