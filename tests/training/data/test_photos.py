import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.networks.metadata import CropGeometry
from service.pictures.geometry import Square
from training.data.dataset import Photo
from training.data.photos import load, square

TIGHT = CropGeometry(scale=1.2, centre=0.5)


def photo(path: Path, geometry: str) -> Photo:
    return Photo(path, "a", "train", "p", geometry)


def test_wide_file_is_narrowed_to_the_crop() -> None:
    # 200 pixels are 2 eye widths; the eye's middle is at (100, 110).
    found = square(photo(Path("eye.jpg"), "wide"), 200, 200, TIGHT)
    assert (found.left, found.top, found.side) == pytest.approx((40, 50, 120))


@pytest.mark.parametrize(("geometry", "crop"), [("tight", TIGHT), ("whole", TIGHT), ("wide", None)])
def test_any_other_file_is_used_up_to_its_central_square(geometry: str, crop: CropGeometry | None) -> None:
    assert square(photo(Path("a.jpg"), geometry), 60, 40, crop) == Square(10, 0, 40)


def test_load_gives_rgb_at_the_size_asked_for(tmp_path: Path) -> None:
    pixels = np.zeros((200, 200, 3), dtype=np.uint8)
    pixels[50:170, 40:160] = (250, 20, 10)
    Image.fromarray(pixels).save(tmp_path / "eye.png")
    images = load([photo(tmp_path / "eye.png", "wide"), photo(tmp_path / "eye.png", "whole")], 48, TIGHT)
    assert images.shape == (2, 48, 48, 3)
    assert (images[0] == (250, 20, 10)).all()
    assert (images[1, 0, 0] == 0).all()


def test_a_photo_that_has_changed_since_it_was_checked_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "eye.png"
    Image.new("RGB", (200, 200), (9, 9, 9)).save(path)
    checked = replace(photo(path, "whole"), digest=hashlib.sha256(path.read_bytes()).hexdigest())
    load([checked], 48, None)
    Image.new("RGB", (200, 200), (8, 8, 8)).save(path)
    with pytest.raises(OSError, match="changed since it was checked"):
        load([checked], 48, None)
