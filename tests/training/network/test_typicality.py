from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from training.errors import TrainingError
from training.network.typicality import BOUND, Typicality, embedded

PEOPLE = np.arange(400).astype(str)


def maps(count: int, seed: int, off: float = 0.0) -> np.ndarray:
    """Maps `[count, 4, 4, 10]` in which six causes move ten channels; the last two move only with `off`."""
    random = np.random.default_rng(seed)
    causes = random.random((count, 1, 1, 6)) @ np.random.default_rng(9).random((6, 8))
    channels = np.concatenate([causes, np.full((count, 1, 1, 2), 1.0 + off)], axis=3)
    return (channels + random.random((count, 4, 4, 10)) / 2).astype(np.float32)


@pytest.fixture(scope="module")
def typicality() -> Typicality:
    found = Typicality.of(maps(400, seed=0), PEOPLE)
    assert found is not None
    return found


def test_photos_of_the_same_kind_spread_evenly(typicality: Typicality) -> None:
    scores = np.asarray(typicality(maps(1000, seed=1)))
    assert 0.4 < scores.mean() < 0.6
    assert (scores < BOUND).mean() < 0.12
    assert 0 <= scores.min() and scores.max() <= 1


def test_what_lies_elsewhere_is_untypical(typicality: Typicality) -> None:
    other = np.random.default_rng(2).random((50, 4, 4, 10)).astype(np.float32) ** 4
    assert np.asarray(typicality(other)).max() < BOUND


def test_what_lies_outside_the_directions_of_the_photos_is_untypical(typicality: Typicality) -> None:
    assert np.asarray(typicality(maps(50, seed=3, off=6.0))).max() < BOUND


def test_louder_is_not_less_typical(typicality: Typicality) -> None:
    some = maps(20, seed=7)
    np.testing.assert_allclose(typicality(3 * some), typicality(some), atol=0.01)


def test_upside_down_is_not_the_same() -> None:
    gradient = maps(3, seed=0) * np.arange(4)[:, None, None].astype(np.float32)
    found, turned = embedded(tf.constant(gradient)), embedded(tf.constant(gradient[:, ::-1]))
    assert found.shape == (3, 40)
    assert not np.allclose(found, turned, atol=0.1)


def test_a_person_with_many_photos_is_held_out_whole() -> None:
    """Copies of a photo in other folds would make every distance too small."""
    few = maps(60, seed=4)
    copies = Typicality.of(np.repeat(few, 4, axis=0), np.repeat(PEOPLE[:60], 4))
    assert copies is not None
    assert (np.asarray(copies(maps(300, seed=5))) < BOUND).mean() < 0.15


def test_too_few_people_say_nothing() -> None:
    assert Typicality.of(maps(400, seed=0), np.repeat(PEOPLE[:10], 40)) is None
    assert Typicality.of(maps(20, seed=0), PEOPLE[:20]) is None


def test_photos_that_are_all_alike_are_no_division_by_zero() -> None:
    same = np.ones((60, 4, 4, 10), np.float32)
    found = Typicality.of(same, PEOPLE[:60])
    assert found is not None
    assert np.isfinite(np.asarray(found(same))).all()


def test_what_was_saved_is_what_is_loaded(typicality: Typicality, tmp_path: Path) -> None:
    typicality.save(tmp_path / "typicality.npz")
    again = Typicality.load(tmp_path / "typicality.npz")
    np.testing.assert_array_equal(again(maps(5, seed=6)), typicality(maps(5, seed=6)))
    whole = (tmp_path / "typicality.npz").read_bytes()
    for damaged in (b"broken", b"", whole[: len(whole) // 2]):
        (tmp_path / "typicality.npz").write_bytes(damaged)
        with pytest.raises(TrainingError, match="Train again"):
            Typicality.load(tmp_path / "typicality.npz")


@pytest.mark.parametrize(("height", "width", "cuts"), [(5, 5, (2, 2)), (4, 7, (2, 3)), (3, 9, None)])
def test_features_are_means_over_a_grid(height: int, width: int, cuts: tuple[int, int] | None) -> None:
    maps = np.random.default_rng(0).random((2, height, width, 6), np.float32)
    rows, columns = ([0, cuts[0], height], [0, cuts[1], width]) if cuts else ([0, height], [0, width])
    means = [
        maps[:, top:bottom, left:right].mean(axis=(1, 2))
        for top, bottom in pairwise(rows)
        for left, right in pairwise(columns)
    ]
    roots = np.sqrt(np.concatenate(means, axis=1))
    np.testing.assert_allclose(
        embedded(tf.constant(maps)), roots / np.linalg.norm(roots, axis=1, keepdims=True), rtol=1e-4
    )
