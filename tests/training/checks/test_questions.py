"""Leaks, quality, wrong labels, outliers, shortcuts and balance, each on data made for the question."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import ImageOps

from tests.training.checks.pictures import save, scene, write_table
from training.checks import balance, leakage, outliers, shortcuts
from training.checks.duplicates import Pair
from training.checks.families import families
from training.checks.inspection import inspect
from training.checks.mislabelled import form_opinion
from training.checks.quality import Measures, find_poor, measure
from training.checks.survey import survey
from training.data.dataset import Photo


def photo(name: str, label: str = "a", split: str = "train", person: str = "", **facts: str) -> Photo:
    return Photo(Path(name), label, split, person or name, attributes=facts)


def ordinary(**changes: float) -> Measures:
    usual = {
        "width": 100,
        "height": 100,
        "kilobytes": 5.0,
        "brightness": 120.0,
        "contrast": 50.0,
        "sharpness": 0.1,
        "colour": 20.0,
    }
    return Measures(**{**usual, **changes})  # type: ignore[arg-type]


def test_a_person_a_source_photo_and_a_copy_on_both_sides_are_leaks() -> None:
    photos = [
        photo("a", person="ann"),
        photo("b", person="ann", split="validation"),
        photo("c", source_file="7.jpg"),
        photo("d", source_file="7.jpg", split="test"),
        photo("e"),
        photo("f", split="validation"),
    ]
    found = list(leakage.find_leaks(photos, list("abcdef"), [Pair(4, 5, 0.99, mirrored=True)]))
    assert [(item.detail, item.files) for item in found] == [
        ("the person ann: 1 in train, 1 in validation", ("a", "b")),
        ("the photo 7.jpg: 1 in test, 1 in train", ("d", "c")),
        ("what may be one photo in train and validation (mirrored)", ("f", "e")),
    ]


def test_crops_of_one_photo_are_known_by_the_column_that_crop_writes() -> None:
    photos = [photo("a", photo="party.jpg"), photo("b", photo="party.jpg", split="validation")]
    (found,) = leakage.find_leaks(photos, list("ab"), [])
    assert found.detail == "the photo party.jpg: 1 in train, 1 in validation"


def test_a_clean_split_has_no_leak() -> None:
    photos = [photo("a", person="ann"), photo("b", person="ann"), photo("c", split="validation")]
    assert list(leakage.find_leaks(photos, list("abc"), [Pair(0, 1, 1.0)])) == []


def test_poor_photos_are_named_with_the_reason() -> None:
    measures = [ordinary() for _ in range(20)]
    measures += [
        ordinary(width=20),
        ordinary(brightness=12.0),
        ordinary(brightness=240.0),
        ordinary(contrast=2.0),
        ordinary(sharpness=0.005),
    ]
    found = list(find_poor([str(n) for n in range(25)], measures, smallest=48))
    assert [(item.kind, item.files, item.detail) for item in found] == [
        ("tiny", ("20",), "20 x 100 pixels; expected 48 or more a side"),
        ("dark", ("21",), "dark (mean 12 of 255)"),
        ("dark", ("22",), "too bright (mean 240 of 255)"),
        ("dark", ("23",), "almost one colour (contrast 2)"),
        ("blurred", ("24",), "out of focus (sharpness 0.005)"),
    ]


def test_measures_of_a_known_picture() -> None:
    half = np.zeros((40, 60, 3), np.uint8)
    half[:, 30:] = 200
    found = measure(half, 1500)
    assert (found.width, found.height, found.kilobytes, found.colour) == (60, 40, 1.5, 0.0)
    assert (found.brightness, found.contrast) == (100.0, 100.0)


def features(
    count: int, seed: int = 0
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float16]], list[int]]:
    random = np.random.default_rng(seed)
    targets = np.arange(count) % 2
    values = random.normal(0, 1, (count, 40))
    values[:, :8] += 2.5 * targets[:, None]
    return (values + 10).astype(np.float16), targets.tolist()


def test_wrong_labels_are_doubted_first() -> None:
    values, targets = features(200)
    wrong = [3, 50, 120, 177]
    given = np.array([1 - label if n in wrong else label for n, label in enumerate(targets)])
    opinion = form_opinion(values, given, [str(n) for n in range(200)])
    assert opinion is not None
    assert sorted(opinion.doubtful[:4].tolist()) == wrong
    assert opinion.accuracy > 0.9 and opinion.wrong >= 3


def test_other_photos_of_the_person_are_a_witness() -> None:
    values, targets = features(120)
    values[0] = values[1] = values[2] = 10  # says nothing about the class
    given = np.array(targets)
    given[:3] = [0, 1, 1]
    people = [f"p{n // 3}" for n in range(120)]
    for person in range(1, 40):
        given[3 * person : 3 * person + 3] = given[3 * person]
    opinion = form_opinion(values, given, people)
    assert opinion is not None
    assert opinion.probabilities[0, 1] > 0.8


def test_no_opinion_where_nobody_can_be_held_out() -> None:
    values, targets = features(10)
    people = ["only one" if label else str(n) for n, label in enumerate(targets)]
    assert form_opinion(values, np.array(targets), people) is None


def test_the_odd_one_out_is_found() -> None:
    values, _ = features(60)
    values[17, 20:] = 60
    found = list(outliers.find_outliers(values, [str(n) for n in range(60)]))
    assert [item.files for item in found] == [("17",)]


def test_a_camera_per_class_is_a_shortcut_and_chance_is_not() -> None:
    random = np.random.default_rng(0)
    photos = [photo(str(n), label="ab"[n % 2], source=("old", "new")[n % 2]) for n in range(80)]
    measures = [ordinary(brightness=float(random.normal(120, 10))) for _ in photos]
    found = shortcuts.find_shortcuts(photos, measures)
    assert found is not None
    assert (found[0].measure, found[0].accuracy) == ("source", 1.0)
    assert found[0].by_class == {"a": "old 100%", "b": "new 100%"}
    assert [item.detail.split()[0] for item in shortcuts.describe(found)] == ["source"]


def test_no_shortcut_is_sought_where_nobody_can_be_held_out() -> None:
    photos = [photo(str(n), label="ab"[n % 2], person="" if n % 2 else "one") for n in range(20)]
    assert shortcuts.find_shortcuts(photos, [ordinary(brightness=float(n)) for n in range(20)]) is None


def test_small_classes_are_told_what_they_lack() -> None:
    photos = [photo(str(n), label="big") for n in range(60)]
    photos += [photo(f"s{n}", label="small", person="one") for n in range(5)]
    measures = [ordinary(brightness=60.0 + n) for n in range(60)] + [ordinary(brightness=119.0)] * 5
    reports = balance.count_classes(photos, measures, None)
    assert [(report.label, report.total, report.people) for report in reports] == [
        ("big", 60, 60),
        ("small", 5, 1),
    ]
    assert reports[1].advice[:2] == [
        "at least 29 more people",
        "about 15 more photos, to have a third of the largest class",
    ]
    assert any(line.startswith("darker photos (0% here") for line in reports[1].advice)
    assert [item.detail for item in balance.describe(reports)] == [
        "small has 5 photos, the largest class 12.0 times as many",
        "small shows 1 person only",
    ]


def test_one_photo_is_not_called_photos() -> None:
    photos = [photo(f"b{n}", label="big") for n in range(29)] + [photo("s", label="small")]
    reports = balance.count_classes(photos, [ordinary(brightness=60.0)] * 30, None)
    assert reports[0].advice == ["at least 1 more person"]
    assert next(balance.describe(reports[1:] + reports[:1])).detail.startswith("small has 1 photo, the")
    unnamed = balance.count_classes(photos, [ordinary(brightness=60.0)] * 30, None, named=False)
    assert unnamed[0].advice == ["at least 1 more photo"]


def test_photos_of_nobody_known_are_not_called_people(tmp_path: Path) -> None:
    for number in range(4):
        save(scene(number), tmp_path / "ab"[number % 2] / f"{number}.png")
    save(scene(0), tmp_path / "a" / "copy.png")
    save(ImageOps.mirror(scene(1)), tmp_path / "b" / "mirrored.png")
    seen = survey(tmp_path)
    inspection = inspect(seen)
    # As `fit` counts: equal bytes are one, what only looks alike is not.
    assert [report.people for report in inspection.classes] == [2, 3]
    assert [item.detail for item in inspection.of("imbalance")] == [
        "a has 2 different photos only",
        "b has 3 different photos only",
    ]
    assert inspection.classes[0].advice[0] == "at least 28 more photos"
    write_table(tmp_path, [{"file": "a/0.png", "person": "ann"}])
    named = inspect(survey(tmp_path))
    assert [report.people for report in named.classes] == [2, 3]
    assert named.of("imbalance")[0].detail == "a shows 2 people only"


def test_only_what_cannot_be_read_is_corrupt(tmp_path: Path) -> None:
    """Nobody should be told to fetch a photo again that is merely in the wrong place."""
    for number in range(4):
        save(scene(number), tmp_path / "train" / "ab"[number % 2] / f"{number}.png")
    save(scene(8), tmp_path / "cover.png")
    save(scene(9), tmp_path / "train/stray.png")
    save(scene(10), tmp_path / "train/a/nested/0.png")
    (tmp_path / "train/empty").mkdir()
    (tmp_path / "holdout").mkdir()
    write_table(tmp_path, [{"file": file, "person": "ann"} for file in ("train/a/0.png", "gone.png")])
    (tmp_path / "classes.csv").write_text("id,title\na,First\nc,Third\n")
    (tmp_path / "train/a/broken.png").write_bytes((tmp_path / "cover.png").read_bytes()[:200])
    (tmp_path / "train/a/dangling.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "train/b/notes.txt").write_text("no picture")
    (tmp_path / "train/b/no.png").write_text("no picture either")
    (tmp_path / "train/b/Desktop.ini").write_text("of a system")
    inspection = inspect(survey(tmp_path))
    found = {kind: {item.files[0] for item in inspection.of(kind)} for kind in ("corrupt", "unused")}
    assert found == {
        "corrupt": {"train/a/broken.png", "train/a/dangling.png", "train/b/no.png"},
        "unused": {
            "classes.csv",
            "cover.png",
            "holdout",
            "labels.csv",
            "train/a/nested",
            "train/b/notes.txt",
            "train/empty",
            "train/stray.png",
        },
    }


def test_copies_under_other_names_are_one_family() -> None:
    photos = [photo("a", person="ann"), photo("b"), photo("c", person="ann"), photo("d"), photo("e")]
    assert families(photos, [Pair(1, 2, 0.99)]) == ["ann", "ann", "ann", "d", "e"]


def test_copies_do_not_make_an_opinion_look_better_than_it_is(tmp_path: Path) -> None:
    """Features that say nothing, every photo twice: whoever has learned the one knows the other."""
    rng = np.random.default_rng(0)
    for number in range(40):
        for copy in "xy":
            path = tmp_path / ("ab"[number % 2]) / f"{number}{copy}.png"
            save(scene(number, size=64), path)
    found = survey(tmp_path)
    rows = {found.name(index)[2:-5]: rng.random(8) for index in range(len(found.photos))}
    noise = np.array([rows[found.name(index)[2:-5]] for index in range(len(found.photos))], np.float16)
    inspection = inspect(replace(found, features=noise))
    assert inspection.opinion is not None and inspection.opinion.accuracy < 0.65
    assert [report.people for report in inspection.classes] == [20, 20]
