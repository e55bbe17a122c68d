"""The models that this process serves."""

from collections.abc import Iterator
from pathlib import Path

from service.errors import InvalidBundle, UnknownModel
from service.networks import bundle
from service.networks.bundle import Bundle
from service.networks.folders import newest, wanted_names
from service.networks.runtime import Runtime


class ModelStore:
    """Loaded bundles by name, the default one first.

    A bundle may be replaced while requests use the old one; those keep it until they end.
    """

    def __init__(self, bundles: list[Bundle]) -> None:
        self._bundles = {item.metadata.name: item for item in bundles}
        self.default = bundles[0].metadata.name
        self.rejected: dict[Path, str] = {}
        """Folders of new versions that could not be served, with the reason."""

    @classmethod
    def load(cls, models: Path, wanted: str, runtime: Runtime) -> "ModelStore":
        """Load and verify the newest version of each wanted model (`*`: every bundle in the folder)."""
        names = wanted_names(models, wanted)
        if not names:
            expected = f"Expected names of models, or * where {models} holds some"
            raise InvalidBundle(f"SERVICE_MODEL: {expected}. Received: {wanted!r}.")
        return cls([bundle.load(newest(models, name), runtime) for name in names])

    def get(self, name: str | None) -> Bundle:
        """The bundle of that name, or the default one; raises UnknownModel."""
        found = self._bundles.get(self.default if name is None else name)
        if found is None:
            raise UnknownModel(f"Expected one of {', '.join(self._bundles)}. Received: {name!r:.100}.")
        return found

    def version(self, name: str) -> int | None:
        """The loaded version of a bundle; None where it is not loaded."""
        found = self._bundles.get(name)
        return found.metadata.version if found else None

    def replace(self, fresh: Bundle) -> None:
        """Serve this bundle from the next request on, instead of the one of its name if there is one."""
        # A new dictionary in one assignment: no reader ever sees half of a change.
        self._bundles = self._bundles | {fresh.metadata.name: fresh}

    def __iter__(self) -> Iterator[Bundle]:
        return iter(self._bundles.values())
