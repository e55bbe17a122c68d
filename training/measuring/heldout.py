"""The validation photos as the network sees them, kept beside a run so that it can be exported later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from service.networks.metadata import CropGeometry
from training.data.dataset import Photo, people_of
from training.data.parts import SMALLEST, in_order, parting
from training.data.photos import load
from training.errors import DAMAGED, TrainingError
from training.measuring.metrics import Scores, score

COLUMN: Final = "column:"
"""Before the names of columns in the file."""


@dataclass(frozen=True)
class HeldOut:
    """Photos that no weight was fitted to."""

    images: NDArray[np.uint8]
    """RGB `[M, S, S, 3]`."""
    labels: NDArray[np.int64]
    """Index of the right class, `[M]`."""
    people: NDArray[np.str_]
    """One id per person, `[M]`; photos of one person are not independent."""
    columns: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    """Columns of `labels.csv` that part the photos, and the part of each photo `[M]`."""

    @classmethod
    def of(cls, photos: Sequence[Photo], labels: Sequence[str], size: int, crop: CropGeometry | None) -> Self:
        """Read photos as a network of this input size and crop sees them; `labels` are the classes' ids."""
        return cls(
            images=load(photos, size, crop),
            labels=np.array([labels.index(photo.label) for photo in photos], dtype=np.int64),
            people=people_of(photos),
            columns=parting([photo.attributes for photo in photos]),
        )

    def parts(self, by: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
        """The rows `[M]` of each part by these columns, as `column=part`, without parts of a few photos.

        Raises TrainingError for a column that does not part the photos.
        """
        unknown = [column for column in by if column not in self.columns]
        if unknown:
            raise TrainingError(
                f"Expected columns of labels.csv that part the validation photos "
                f"({', '.join(self.columns) or 'there are none'}). Received: {', '.join(unknown)}"
            )
        found = {
            f"{column}={part}": self.columns[column] == part
            for column in by
            for part in in_order(self.columns[column].tolist())
        }
        return {name: rows for name, rows in found.items() if rows.sum() >= SMALLEST}

    def score_parts(
        self, probabilities: NDArray[np.float32], names: Sequence[str], by: Sequence[str]
    ) -> dict[str, Scores]:
        """Scores of answers `[M, C]` on each of `parts`; `names` are the ids of the classes."""
        return {
            part: score(probabilities[rows], self.labels[rows], self.people[rows], names)
            for part, rows in self.parts(by).items()
        }

    def save(self, path: Path) -> None:
        """Write an `.npz` file."""
        columns: dict[str, Any] = {f"{COLUMN}{name}": values for name, values in self.columns.items()}
        np.savez_compressed(path, images=self.images, labels=self.labels, people=self.people, **columns)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote; raises TrainingError where there is no such file."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                names = [name for name in arrays.files if name.startswith(COLUMN)]
                columns = {name.removeprefix(COLUMN): arrays[name] for name in names}
                return cls(arrays["images"], arrays["labels"], arrays["people"], columns)
        except DAMAGED as error:
            raise TrainingError(
                f"Expected the run's validation photos in {path} ({error}). Train again or pass --data."
            ) from None
