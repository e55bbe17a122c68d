"""Pictures with enough structure to be told apart, and folders of them."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

REAL = Path(__file__).parents[2] / "data/pictures"


def scene(seed: int, size: int = 96) -> Image.Image:
    """Smooth random blobs: no two seeds look alike."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    large = Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC)
    fine = np.random.default_rng(seed + 10_000).integers(-12, 13, (size, size, 1))
    grainy = np.clip(np.asarray(large).astype(int) * 0.8 + 20 + fine, 0, 255).astype(np.uint8)
    return Image.fromarray(grainy).filter(ImageFilter.GaussianBlur(0.5))


def save(image: Image.Image, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def many_copies(picture: Path, folder: Path) -> list[Path]:
    """A picture in eight qualities, and again in as many with 6 % cut off on every side."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with Image.open(picture) as whole:
        across, down = round(0.06 * whole.width), round(0.06 * whole.height)
        inner = whole.crop((across, down, whole.width - across, whole.height - down))
        for name, image in (("whole", whole), ("cut", inner)):
            for quality in range(30, 94, 8):
                paths.append(folder / f"{picture.stem}-{name}-{quality}.jpg")
                image.save(paths[-1], quality=quality)
    return paths


def write_table(root: Path, rows: list[dict[str, str]]) -> None:
    with (root / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)
