from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from service.networks.metadata import CropGeometry
from tests.training import folders
from training.data.dataset import Photo
from training.data.folders import read_dataset
from training.data.photos import load
from training.learning.features import FeatureCache


@pytest.fixture(scope="module")
def base() -> keras.Model:
    image = keras.Input((32, 32, 3))
    return keras.Model(image, keras.layers.AveragePooling2D(16)(keras.layers.Conv2D(4, 3)(image)))


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    return list(read_dataset(folders.splits(tmp_path / "data", train=2)).split("train"))


def cache(
    folder: Path, base: keras.Model, weights: str = "w", crop: CropGeometry | None = None
) -> FeatureCache:
    return FeatureCache(folder / "cache", base, weights, crop, seed=1)


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (folder / "cache").rglob("*.npy")}


def test_features_are_those_of_the_base(tmp_path: Path, base: keras.Model, photos: list[Photo]) -> None:
    features = cache(tmp_path, base).features(photos)
    assert features.shape == (1, 4, 1, 1, 4)
    assert features.dtype == np.float16
    np.testing.assert_allclose(features[0], base(load(photos, 32, None)), rtol=2e-3, atol=0.1)


def test_second_time_nothing_is_computed(tmp_path: Path, base: keras.Model, photos: list[Photo]) -> None:
    first = cache(tmp_path, base).features(photos)
    written = files(tmp_path)
    # The photos' bytes are known by their digests; the files are not needed again.
    gone = [replace(photo, path=tmp_path / "gone.png") for photo in photos]
    assert np.array_equal(cache(tmp_path, base).features(gone), first)
    assert files(tmp_path) == written
    assert len(written) == 4


def test_other_weights_and_crops_have_other_features(
    tmp_path: Path, base: keras.Model, photos: list[Photo]
) -> None:
    wide = [replace(photos[0], geometry="wide")]
    for weights, scale in (("w", 1.2), ("v", 1.2), ("w", 1.5)):
        cache(tmp_path, base, weights, CropGeometry(scale=scale, centre=0.5)).features(wide)
    assert len(files(tmp_path)) == 3


def test_damaged_file_is_computed_again(tmp_path: Path, base: keras.Model, photos: list[Photo]) -> None:
    first = cache(tmp_path, base).features(photos)
    half, empty, other, archive = files(tmp_path)
    half.write_bytes(half.read_bytes()[:-3])
    empty.write_bytes(b"")
    np.save(other, np.zeros(3))
    archive.write_bytes(b"PK\x03\x04" + bytes(60))
    assert np.array_equal(cache(tmp_path, base).features(photos), first)
    assert all(np.load(path).shape == (1, 1, 4) for path in files(tmp_path))


def test_a_full_disk_names_the_file_and_leaves_no_part_of_it(
    tmp_path: Path, base: keras.Model, photos: list[Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("8192 requested and 0 written")  # as NumPy has it

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="No space left on device: '.*npy'"):
        cache(tmp_path, base).features(photos)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_versions_differ_and_are_reproducible(tmp_path: Path, base: keras.Model, photos: list[Photo]) -> None:
    plain = cache(tmp_path / "a", base).features(photos)
    versions = cache(tmp_path / "a", base).features(photos, versions=3)
    again = cache(tmp_path / "b", base).features(photos, versions=3)
    assert versions.shape == (3, 4, 1, 1, 4)
    assert np.array_equal(versions[0], plain[0])
    assert not np.array_equal(versions[1], versions[2])
    assert np.array_equal(versions, again)
