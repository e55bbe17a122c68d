from pathlib import Path

from benchmarks.training_time import SPLITS, draw, prepare
from tests.training import folders
from training.data.folders import read_dataset


def test_the_drawn_pictures_are_a_data_set_without_copies(tmp_path: Path) -> None:
    for split, count in zip(SPLITS, (16, 8), strict=True):
        draw(tmp_path / split, count)
    data = read_dataset(tmp_path, 0.2, 1)
    assert not data.skipped
    assert [photo.label for photo in data.split("train")].count("bright") == 8
    assert len(data.split("validation")) == 8
    assert len({photo.digest for photo in data.photos}) == 24


def test_photos_are_counted_that_are_there_and_not_those_asked_for(tmp_path: Path) -> None:
    data = folders.splits(tmp_path / "data", train=3, validation=2)
    found = prepare(data, tmp_path / "photos", {"train": 800, "validation": 2})
    assert found == {"train": 6, "validation": 2}
    assert prepare(None, tmp_path / "drawn", {"train": 4, "validation": 2}) == {"train": 4, "validation": 2}
