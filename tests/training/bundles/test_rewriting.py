"""Which training photos a bundle is written again by."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.bundles import metadata, write_bundle
from tests.training.tiny import write_photos
from training.bundles.rewriting import as_they_come, in_turn, read_material, read_source
from training.data.dataset import Photo
from training.data.folders import read_dataset
from training.errors import TrainingError


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Photo]:
    """Training photos of two classes, of which one is rare."""
    found = read_dataset(write_photos(tmp_path_factory.mktemp("photos"), 40), 0.1, 1).split("train")
    rare = [photo for photo in found if photo.label == found[0].label]
    return [photo for photo in found if photo.label != found[0].label] + rare[:4]


def names(photos: list[Photo]) -> list[Path]:
    return [photo.path for photo in photos]


def test_in_turn_both_lists_have_as_many_of_a_rare_class(photos: list[Photo]) -> None:
    first, second = in_turn(photos, 4, 1)
    for found in (first, second):
        assert sorted(Counter(photo.label for photo in found).values()) == [2, 2]
    assert not set(names(first)) & set(names(second))


def test_as_they_come_all_are_used_and_a_tenth_is_kept_apart(photos: list[Photo]) -> None:
    first, second = as_they_come(photos, 1000, 1)
    assert len(second) == -(-len(photos) // 10)
    assert sorted(names(first + second)) == sorted(names(photos))


def test_as_they_come_no_more_are_used_than_asked_for(photos: list[Photo]) -> None:
    first, second = as_they_come(photos, 8, 1)
    assert len(first) == 8 and not set(names(first)) & set(names(second))
    assert names(first) != names(as_they_come(photos, 8, 2)[0])


@pytest.mark.parametrize("classes", [100, 200, 300])
def test_in_turn_both_lists_have_every_class_of_many(classes: int) -> None:
    many = [
        Photo(Path(f"{label}-{n}.png"), f"{label:03}", "train", f"{label}-{n}")
        for label in range(classes)
        for n in range(10)
    ]
    for found in in_turn(many, 128, 1):
        assert len(found) == max(128, classes) and len({photo.label for photo in found}) == classes


def golden_of(bundle: Path, file: str, **changes: object) -> None:
    """Let the bundle's golden answer be about another file."""
    document = json.loads((bundle / "golden/answers.json").read_text())
    document["answers"][0] |= {"file": file, **changes}
    (bundle / "golden/answers.json").write_text(json.dumps(document))


def test_a_golden_photo_lies_in_the_bundle(tmp_path: Path) -> None:
    bundle, outside = write_bundle(tmp_path / "models"), tmp_path / "outside.png"
    assert len(read_source(bundle, None).golden) == 1
    shutil.copy(bundle / "golden/red.png", outside)
    for file in (
        str(outside),
        "../../../../outside.png",
        "../golden/red.png",
        "./red.png",
        "..",
        "",
        "red.png\0",
    ):
        golden_of(bundle, file)
        with pytest.raises(TrainingError) as refused:
            read_source(bundle, None)
        said = str(refused.value)
        assert said.startswith("Expected ") and "\n" not in said and "answers.json" in said


def test_golden_answers_that_are_none_are_one_line(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "models")
    golden_of(bundle, "red.png", probabilities=[0.5, 0.1, 0.1])
    with pytest.raises(
        TrainingError, match="Expected golden answers in .*answers.json. .*must sum to 1"
    ) as refused:
        read_source(bundle, None)
    assert "\n" not in str(refused.value)


def test_golden_answers_that_are_no_document_are_told_as_that(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "models")
    (bundle / "golden/answers.json").write_text('{"answers": ')
    with pytest.raises(TrainingError, match=r"answers\.json\. all of it: Invalid JSON"):
        read_source(bundle, None)


@pytest.mark.parametrize("metrics", [{}, {"validation": 0.9, "calibration": {}}])
def test_a_bundle_that_does_not_tell_how_good_it_is_is_refused_before_photos_are_read(
    tmp_path: Path, metrics: dict[str, object]
) -> None:
    source = read_source(write_bundle(tmp_path / "models", metadata(metrics=metrics)), None)
    with pytest.raises(TrainingError, match="Expected a bundle of `training export`.* Received: colours 1"):
        read_material(source, tmp_path / "nowhere", in_turn, 8, 1)
