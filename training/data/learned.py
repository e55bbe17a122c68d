"""Which photos a network learned from, by their bytes: wherever they are, and whatever they are called."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from training.data.dataset import Photo
from training.errors import DAMAGED, TrainingError

DIGITS: Final = 16
"""Of a photo's SHA-256: enough to tell a million photos apart with all but certainty."""


def short(photo: Photo) -> str:
    """The beginning of a photo's digest, which tells it from others."""
    return photo.digest[:DIGITS]


def save_learned(photos: Iterable[Photo], path: Path) -> None:
    """Write a line for each photo, sorted; copies have one."""
    path.write_text("".join(f"{line}\n" for line in sorted({*map(short, photos)})), encoding="ascii")


def load_learned(path: Path) -> frozenset[str] | None:
    """Read what `save_learned` wrote; None where there is no file. Raises TrainingError for a damaged one."""
    try:
        return frozenset(path.read_text(encoding="ascii").split())
    except FileNotFoundError:
        return None
    except DAMAGED as error:
        raise TrainingError(
            f"Expected digests of training photos in {path} ({error}). Train again."
        ) from None
