"""Folders to crop, and what is left of it."""

import csv
import shutil
from pathlib import Path

from PIL import Image

from training.__main__ import main

ROOT = Path(__file__).parents[2]
LOCATOR = str(ROOT / "models/eye-locator/1")


def faces(folder: Path) -> Path:
    """Two photos of a face, and one without."""
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(ROOT / "examples/portrait.jpg", folder / name)
    Image.new("RGB", (64, 48), "white").save(folder / "blank.png")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def crop(photos: Path, out: Path, *more: str) -> int:
    return main(["crop", str(photos), "--out", str(out), "--locator", LOCATOR, "--processes", "1", *more])
