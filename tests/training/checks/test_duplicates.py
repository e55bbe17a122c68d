import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from tests.training.checks.pictures import REAL, many_copies, scene
from training.checks.duplicates import describe, find_pairs, groups
from training.checks.survey import thumbnail
from training.data.dataset import Photo


def recompressed(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=20)
    return Image.open(buffer)


DISGUISES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "mirrored": ImageOps.mirror,
    "recompressed": recompressed,
    "resized": lambda image: image.resize((50, 61)),
    "grey": lambda image: ImageOps.grayscale(image),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.25),
    "cropped": lambda image: image.crop((6, 2, 94, 90)),
    "turned": lambda image: image.rotate(5, Image.Resampling.BICUBIC).crop((6, 6, 90, 90)),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
}


def photos(count: int) -> list[Photo]:
    return [Photo(Path(f"{n}.png"), "a", "train", f"p{n}", digest=str(n)) for n in range(count)]


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_copy_in_disguise_is_found_among_others(disguise: str) -> None:
    pictures = [scene(seed) for seed in range(30)]
    pictures.append(DISGUISES[disguise](pictures[7]).convert("RGB"))
    small = np.stack([thumbnail(np.asarray(picture)) for picture in pictures])
    found = find_pairs(photos(31), small)
    assert [(pair.first, pair.second) for pair in found] == [(7, 30)]
    assert found[0].mirrored == (disguise == "mirrored")


@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket"])
def test_more_copies_than_a_photo_has_neighbours_are_one_group(tmp_path: Path, name: str) -> None:
    """Each of two styles alone has more copies than a search looks at."""
    pictures = [np.asarray(scene(seed)) for seed in range(10)]
    for path in many_copies(REAL / f"{name}.jpg", tmp_path):
        with Image.open(path) as image:
            pictures.append(np.asarray(image))
    found = find_pairs(photos(26), np.stack([thumbnail(pixels) for pixels in pictures]))
    assert groups(26, [(pair.first, pair.second) for pair in found]) == [list(range(10, 26))]


def test_the_same_bytes_need_no_look() -> None:
    blank = np.zeros((3, 32, 32), np.uint8)
    same = [Photo(Path(name), "a", "train", name, digest="d") for name in "xyz"]
    assert [(pair.first, pair.second, pair.exact) for pair in find_pairs(same, blank)] == [
        (0, 1, True),
        (0, 2, True),
    ]


def test_plain_pictures_are_not_called_copies() -> None:
    plain = np.full((4, 32, 32), 200, np.uint8)
    assert find_pairs(photos(4), plain) == []


def test_two_labels_for_one_photo_are_a_conflict() -> None:
    pair = [Photo(Path("a"), "x", "train", "p", digest="d"), Photo(Path("b"), "y", "train", "q", digest="d")]
    found = list(describe(pair, ["a", "b"], find_pairs(pair, np.zeros((2, 32, 32), np.uint8))))
    assert [(item.kind, item.files) for item in found] == [
        ("duplicate", ("a", "b")),
        ("conflict", ("a", "b")),
    ]
    assert found[0].detail == "2 files show one photo (byte for byte)"
    assert found[1].detail == "one photo is labelled x and y"


def test_what_only_looks_alike_is_a_suspicion() -> None:
    pair = [Photo(Path(name), name, "train", name, digest=name) for name in "ab"]
    small = np.stack([thumbnail(np.asarray(picture)) for picture in (scene(1), ImageOps.mirror(scene(1)))])
    assert [item.detail for item in describe(pair, ["a", "b"], find_pairs(pair, small))] == [
        "2 files may show one photo (mirrored)",
        "what may be one photo is labelled a and b",
    ]


def test_links_join_into_groups() -> None:
    assert groups(6, [(0, 3), (3, 5), (1, 2)]) == [[0, 3, 5], [1, 2]]
