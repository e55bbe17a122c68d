"""Golden photos: a few pictures in the bundle with the answers that the model file must give for them.

A bundle is published with its golden photos, so that photos of people are used only where somebody names
them; otherwise the pictures are made up. The check is about the file and the runtime, not about the world.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.errors import ServiceError
from service.networks.classifier import Classifier
from service.networks.metadata import GoldenAnswer, GoldenAnswers
from service.pictures.geometry import RGB
from service.pictures.regions import read_whole
from training.data.photos import read_named
from training.errors import TrainingError

SYNTHETIC: Final = 3
_COARSE = 8


def synthetic(count: int, size: int, seed: int) -> NDArray[np.uint8]:
    """Pictures of soft coloured clouds, uint8 `[count, size, size, 3]`; the same for the same seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, _COARSE, _COARSE, 3), dtype=np.uint8)
    smooth = [Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC) for grid in coarse]
    return np.stack([np.asarray(picture) for picture in smooth])


def golden_pictures(photos: Sequence[Path], size: int) -> list[RGB]:
    """The central squares of the photos at `size`, or made-up pictures where there are no photos.

    Raises TrainingError for a photo that cannot be read.
    """
    if not photos:
        return list(synthetic(SYNTHETIC, size, seed=0))
    pictures = []
    for path in photos:
        try:
            pictures.append(read_whole(read_named(path), size))
        except (OSError, ServiceError) as error:
            raise TrainingError(f"Expected a golden photo at {path}. Received: {error}") from None
    return pictures


def write_golden(folder: Path, pictures: Sequence[RGB], classifier: Classifier) -> None:
    """Write PNG files (no EXIF, nothing but pixels) and `answers.json` with the classifier's own answers."""
    folder.mkdir(parents=True)
    answers = []
    for number, picture in enumerate(pictures, start=1):
        path = folder / f"{number}.png"
        Image.fromarray(picture).save(path, optimize=True)
        seen = read_whole(path.read_bytes(), classifier.input_size)
        probabilities = classifier.probabilities(seen[None])[0]
        answers.append(GoldenAnswer(file=path.name, probabilities=tuple(map(float, probabilities))))
    document = GoldenAnswers(answers=tuple(answers)).model_dump_json(indent=2)
    (folder / "answers.json").write_text(document + "\n", encoding="utf-8")
