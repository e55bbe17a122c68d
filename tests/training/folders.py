"""Small folders of generated photos."""

from pathlib import Path

import numpy as np
from PIL import Image

from training.data.folders import read_dataset


def photo(path: Path, seed: int = 0, size: int = 40, colour: int | None = None) -> Path:
    """Write a photo of noise, tinted with a colour 0..2 (red, green, blue) that a network can learn."""
    pixels = np.random.default_rng(seed).integers(0, 120, (size, size, 3), dtype=np.uint8)
    if colour is not None:
        pixels[..., colour] += 120
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def classes(root: Path, names: tuple[str, ...] = ("red", "green"), count: int = 6, start: int = 0) -> Path:
    """Write `<name>/<i>.png` for each class; photos of a class share a colour."""
    for colour, name in enumerate(names):
        for index in range(count):
            photo(root / name / f"{index}.png", seed=start + 100 * colour + index, colour=colour)
    return root


def splits(root: Path, train: int = 6, validation: int = 3) -> Path:
    """Write `train/` and `validation/` with two classes each."""
    classes(root / "train", count=train)
    classes(root / "validation", count=validation, start=1000)
    return root


def faces(root: Path, photos: int = 12) -> Path:
    """What `training crop --every-face` writes of photos of two people each, in two classes."""
    rows = ["file,label,person,eye,geometry,photo,face"]
    for number in range(2 * photos):
        label, name = ("green", "red")[number % 2], f"{number // 2}.jpg"
        for face in (0, 1):
            file = f"{label}/{name}-{face}-left.png"
            photo(root / file, seed=2 * number + face)
            rows.append(f"{file},{label},{label}/{name}-{face},left,wide,{label}/{name},{face}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    return root


def reasons(root: Path) -> dict[str, str]:
    """Why each file was left out that a data set does not use, by its name."""
    return {item.path.relative_to(root).as_posix(): item.reason for item in read_dataset(root).skipped}
