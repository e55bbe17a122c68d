"""Reading folders: layouts, tables, and everything that cannot be used."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.training import folders
from tests.users import ordinary_user
from training.checks.leakage import find_leaks
from training.checks.survey import survey
from training.data.dataset import count_people, people_of
from training.data.folders import read_dataset
from training.errors import TrainingError
from training.measuring.heldout import HeldOut


def test_split_layout(tmp_path: Path) -> None:
    data = read_dataset(folders.splits(tmp_path, train=4, validation=2))
    assert [label.id for label in data.labels] == ["green", "red"]
    assert data.counts("train") == {"green": 4, "red": 4}
    assert data.counts("validation") == {"green": 2, "red": 2}
    assert data.skipped == ()
    assert not data.has_eyes


def test_one_folder_is_split_for_the_user(tmp_path: Path) -> None:
    data = read_dataset(folders.classes(tmp_path, count=10), validation_share=0.2)
    assert data.counts("train") == {"green": 8, "red": 8}
    assert data.counts("validation") == {"green": 2, "red": 2}


def test_faces_of_one_photo_are_on_one_side_and_two_people(tmp_path: Path) -> None:
    for seed in range(5):
        data = read_dataset(folders.faces(tmp_path), validation_share=0.3, seed=seed)
        assert not list(find_leaks(data.photos, [str(photo.path) for photo in data.photos], []))
        assert data.counts("validation") == {"green": 8, "red": 8} and data.facts().people == 32


def test_a_split_of_the_users_own_is_left_as_it_is(tmp_path: Path) -> None:
    """They may know better than the table: `check` tells of such photos."""
    folders.splits(tmp_path, train=3, validation=3)
    rows = [f"{split}/red/0.png,{split},party.jpg" for split in ("train", "validation")]
    (tmp_path / "labels.csv").write_text("\n".join(["file,person,photo", *rows]))
    data = read_dataset(tmp_path)
    assert data.counts("train") == data.counts("validation") == {"green": 3, "red": 3} and not data.skipped
    assert {photo.person for photo in data.photos if photo.attributes} == {"train", "validation"}


def test_train_without_validation_is_split_too(tmp_path: Path) -> None:
    folders.classes(tmp_path / "train", count=5)
    assert read_dataset(tmp_path).counts("validation") == {"green": 1, "red": 1}


def test_a_class_with_a_name_too_long_is_an_error(tmp_path: Path) -> None:
    folders.classes(tmp_path, names=("red", "g" * 101))
    with pytest.raises(TrainingError, match="cannot be used: id: String should have at most"):
        read_dataset(tmp_path)


def test_bad_files_are_named_with_their_reasons_and_left_alone(tmp_path: Path) -> None:
    folders.splits(tmp_path)
    red = tmp_path / "train" / "red"
    whole = (red / "0.png").read_bytes()
    (red / "zero.png").write_bytes(b"")
    (red / "notes.txt").write_text("not a picture")
    (red / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (red / "nested").mkdir()
    (red / "dangling.png").symlink_to(red / "nowhere.png")
    (red / "device.png").symlink_to("/dev/null")  # /dev/zero would be read for ever
    (red / ".DS_Store").write_bytes(b"hidden files are nobody's mistake")
    (red / "Thumbs.db").write_bytes(b"nor are those of systems")
    (red / "README").write_bytes(b"")
    (red / "unnamed").write_bytes((red / "1.png").read_bytes())
    (tmp_path / "train" / "blue").mkdir()
    before = {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert folders.reasons(tmp_path) == {
        "train/red/zero.png": "Expected the bytes of a picture. Received: an empty file.",
        "train/red/notes.txt": "Expected a picture as JPEG, PNG, WEBP, AVIF, GIF, BMP, TIFF. "
        "Received: 13 bytes in another format.",
        "train/red/README": "Expected the bytes of a picture. Received: an empty file.",
        "train/red/truncated.png": "The picture is truncated or damaged.",
        "train/red/nested": "a folder inside a class; photos belong directly into the class",
        "train/red/dangling.png": "an unreadable file (No such file or directory)",
        "train/red/device.png": "no file, but a pipe or a device",
        "train/blue": "an empty class",
    }
    unreadable = {item.path.name for item in read_dataset(tmp_path).skipped if item.unreadable}
    assert unreadable == {"zero.png", "truncated.png", "dangling.png", "device.png"}
    assert "unnamed" in {photo.path.name for photo in read_dataset(tmp_path).photos}
    assert {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_class_without_a_usable_photo_is_left_out(tmp_path: Path) -> None:
    folders.classes(tmp_path)
    (tmp_path / "blue").mkdir()
    (tmp_path / "blue" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    assert folders.reasons(tmp_path)["blue"] == "a class without one usable photo"


def test_class_that_is_not_trained_is_not_measured(tmp_path: Path) -> None:
    folders.splits(tmp_path)
    folders.photo(tmp_path / "validation" / "blue" / "0.png", seed=7)
    assert folders.reasons(tmp_path)["validation/blue/0.png"] == "a class without photos to train on"


def test_copy_of_a_training_photo_measures_nothing(tmp_path: Path) -> None:
    folders.splits(tmp_path)
    copy = (tmp_path / "train" / "red" / "0.png").read_bytes()
    (tmp_path / "validation" / "red" / "copy.png").write_bytes(copy)
    assert "the same bytes as" in folders.reasons(tmp_path)["validation/red/copy.png"]


def test_two_names_on_one_photo_are_one_person(tmp_path: Path) -> None:
    folders.splits(tmp_path, train=2, validation=3)
    copy = (tmp_path / "train/red/0.png").read_bytes()
    (tmp_path / "validation/red/0.png").write_bytes(copy)
    rows = ["file,person", "train/red/0.png,anna", "validation/red/0.png,ben", "validation/red/1.png,ben"]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    found = folders.reasons(tmp_path)
    assert found.pop("validation/red/0.png") == f"the same bytes as {tmp_path}/train/red/0.png in train"
    assert found == {
        "validation/red/1.png": "a photo of ben, who is in train as anna: both have the same photo"
    }


def test_names_that_are_not_unicode_are_named_as_far_as_they_can_be(tmp_path: Path) -> None:
    folders.splits(tmp_path)
    folders.photo(tmp_path / os.fsdecode(b"train/red/\xff.png"), seed=7)
    folders.photo(tmp_path / os.fsdecode(b"train/\xfe/0.png"), seed=8)
    reason = "a name that is not UTF-8; rename it, please"
    assert folders.reasons(tmp_path) == {"train/red/?.png": reason, "train/?": reason}


def test_unreadable_folder_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = folders.splits(Path(name))
        os.chmod(root, 0o755)
        closed = root / "train" / "blue"
        closed.mkdir(mode=0o000)
        with ordinary_user():
            found = folders.reasons(root)
    assert found == {"train/blue": "an unreadable folder (Permission denied)"}


def test_fewer_than_two_classes_is_an_error_with_its_reasons(tmp_path: Path) -> None:
    folders.classes(tmp_path, names=("red",))
    (tmp_path / "green").mkdir()
    with pytest.raises(
        TrainingError, match=r"two or more classes .* Received: red.\n  .*green: an empty class"
    ):
        read_dataset(tmp_path)


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="There is none at .*nowhere"):
        read_dataset(tmp_path / "nowhere")


def test_fingerprint_depends_on_bytes_and_labels_not_on_names(tmp_path: Path) -> None:
    first = read_dataset(folders.splits(tmp_path / "a")).facts()
    renamed = folders.splits(tmp_path / "b") / "train" / "red"
    (renamed / "0.png").rename(renamed / "z.png")
    assert read_dataset(tmp_path / "b").facts() == first
    folders.photo(renamed / "z.png", seed=77)
    assert read_dataset(tmp_path / "b").facts().fingerprint != first.fingerprint


def test_nobody_measures_what_they_taught(tmp_path: Path) -> None:
    folders.splits(tmp_path, train=3, validation=3)
    folders.classes(tmp_path / "test", count=3, start=2000)
    rows = ["file,person", "train/red/0.png,anna", "validation/red/0.png,anna", "validation/red/1.png,ben"]
    rows += ["test/red/0.png,anna", "test/green/0.png,ben", "test/red/1.png,cleo"]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    data = read_dataset(tmp_path)
    assert {item.path.relative_to(tmp_path).as_posix(): item.reason for item in data.skipped} == {
        "validation/red/0.png": "a photo of anna, who is in train",
        "test/red/0.png": "a photo of anna, who is in train",
        "test/green/0.png": "a photo of ben, who is in validation",
    }
    assert data.counts("train") == {"green": 3, "red": 3}


def test_what_lies_beside_the_class_folders_is_named(tmp_path: Path) -> None:
    folders.splits(tmp_path)
    (tmp_path / "validation").rename(tmp_path / "valid")
    folders.photo(tmp_path / "holdout" / "red" / "0.png")
    folders.photo(tmp_path / "cover.png")
    folders.photo(tmp_path / "train" / "stray.png")
    found = folders.reasons(tmp_path)
    outside = "a photo outside of the class folders"
    assert found["cover.png"] == outside
    assert found["train/stray.png"] == f"{outside}: train/ is a split, and no class"
    assert found["holdout"].startswith("a folder beside train/; the splits are called train, validation")
    assert read_dataset(tmp_path).counts("validation") == {"green": 3, "red": 3}


def test_who_has_a_class_or_split_of_another_name_is_told(tmp_path: Path) -> None:
    vehicles = folders.classes(tmp_path / "vehicles", names=("train", "bus"))
    said = r"train/0\.png: a photo outside of the class folders: train/ is a split, and no class"
    for read in (read_dataset, survey):
        with pytest.raises(TrainingError, match=said):
            read(vehicles)
    folders.classes(tmp_path / "archive" / "Train")
    said = r"Train/green: a folder inside a class; .* splits need a folder train/, in small letters"
    for read in (read_dataset, survey):
        with pytest.raises(TrainingError, match=said):
            read(tmp_path / "archive")


def test_copies_under_two_names_are_one_person_in_every_number(tmp_path: Path) -> None:
    folders.splits(tmp_path, train=3, validation=3)
    for copy in ("a.png", "b.png"):
        (tmp_path / "validation/red" / copy).write_bytes((tmp_path / "validation/red/0.png").read_bytes())
    people = [photo.person for photo in read_dataset(tmp_path).split("validation")]
    assert (len(people), len(set(people))) == (8, 6)


def test_copies_make_no_people_of_photos_in_which_nobody_is_named(tmp_path: Path) -> None:
    folders.splits(tmp_path, train=3, validation=3)
    for split in ("train", "validation"):
        (tmp_path / split / "red/copy.png").write_bytes((tmp_path / split / "red/0.png").read_bytes())
    table, kept = tmp_path / "labels.csv", tmp_path / "kept.npz"
    for person, number in (("", 7), ("anna", 6)):
        table.write_text(f"file,person\ntrain/red/0.png,{person}\nvalidation/red/1.png,{person and 'ben'}\n")
        data = read_dataset(tmp_path)
        assert data.facts().people == number
        HeldOut.of(data.split("validation"), ["green", "red"], 4, None).save(kept)
        people = HeldOut.load(kept).people
        assert (count_people(people), len(set(people))) == (number, 6)


@pytest.mark.parametrize("before", ["file:", "person:", ""])
def test_no_name_makes_a_photo_of_a_person(tmp_path: Path, before: str) -> None:
    folders.splits(tmp_path, train=3, validation=2)
    everybody = [f"{split}/{label}/0.png" for split in ("train", "validation") for label in ("red", "green")]
    everybody += [name.replace("0", "1") for name in everybody]
    everybody += ["train/red/2.png", "train/green/2.png"]
    rows = [f"{name},{before}{Path(name).parent.as_posix()}/0.png" for name in everybody]
    (tmp_path / "labels.csv").write_text("\n".join(["file,person", *rows]))
    data = read_dataset(tmp_path)
    assert (data.facts().images, data.facts().people) == (6, 2)
    # Nobody says who is in the first photo: a photo of nobody, unless somebody is called by its very name.
    rows = [row for row in rows if not row.startswith("train/red/0.png")]
    (tmp_path / "labels.csv").write_text("\n".join(["file,person", *rows]))
    data = read_dataset(tmp_path)
    assert data.facts().people == (3 if before else 2)
    assert len(set(people_of(data.split("train")))) == data.facts().people
