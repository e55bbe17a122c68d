"""The validation photos as the network sees them, kept beside a run so that it can be exported later."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError


@dataclass(frozen=True)
class HeldOut:
    """Photos that no weight was fitted to."""

    images: NDArray[np.uint8]
    """RGB `[M, S, S, 3]`."""
    labels: NDArray[np.int64]
    """Index of the right class, `[M]`."""
    people: NDArray[np.str_]
    """One id per person, `[M]`; photos of one person are not independent."""

    def save(self, path: Path) -> None:
        """Write an `.npz` file."""
        np.savez_compressed(path, images=self.images, labels=self.labels, people=self.people)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; raises TrainingError where there is no such file."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(arrays["images"], arrays["labels"], arrays["people"])
        except (OSError, ValueError, KeyError) as error:
            raise TrainingError(
                f"Expected the run's validation photos in {path} ({error}). Train again or pass --data."
            ) from None
