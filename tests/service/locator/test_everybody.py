"""Photos of several people, of whom a selfie is nobody's."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.locator.eyes import EyeLocator, Face
from service.pictures.geometry import RGB

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def locator() -> EyeLocator:
    return EyeLocator(ROOT / "models/eye-locator/1")


def portrait(side: int) -> Image.Image:
    with Image.open(ROOT / "examples/portrait.jpg") as photo:
        return photo.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)


def scene(*people: tuple[int, int, int]) -> RGB:
    """The portrait on a wall, in so many pixels a side, at a column and a row."""
    wall = Image.new("RGB", (1400, 1000), (120, 140, 160))
    for side, column, row in people:
        wall.paste(portrait(side), (column, row))
    return np.asarray(wall)


def distance(face: Face, alone: Face, column: int, row: int) -> float:
    """Of the corners of its left eye from those of the face alone, in eye widths."""
    (x, y), (alone_x, alone_y) = face.left.outer, alone.left.outer
    return math.dist((x - column, y - row), (alone_x, alone_y)) / alone.left.width


def test_everybody_is_found_once_however_small_beside_whom(locator: EyeLocator) -> None:
    large, small = locator.locate(scene((1000, 0, 0), (300, 1050, 200)), every_face=True)
    for face, side, column, row in ((large, 1000, 0, 0), (small, 300, 1050, 200)):
        (alone,) = locator.locate(np.asarray(portrait(side)))
        assert distance(face, alone, column, row) < 0.1


def test_the_largest_is_found_alone_where_nobody_else_is_asked_for(locator: EyeLocator) -> None:
    picture = scene((1000, 0, 0), (300, 1050, 200))
    assert [face.box for face in locator.locate(picture)] == [locator.locate(picture, True)[0].box]
