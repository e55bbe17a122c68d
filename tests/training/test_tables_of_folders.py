"""Tables beside photos: `labels.csv` names people and crops, `classes.csv` titles."""

import unicodedata
from pathlib import Path

import pytest

from tests.training import folders
from training.checks.survey import survey
from training.data.folders import read_dataset
from training.errors import TrainingError


def test_labels_csv_names_people_and_geometry(tmp_path: Path) -> None:
    folders.classes(tmp_path, count=3)
    rows = ["file,person,geometry,source", "red/0.png,anna,wide,here", "red/1.png,anna,tight,"]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    data = read_dataset(tmp_path)
    photos = {photo.path.relative_to(tmp_path).as_posix(): photo for photo in data.photos}
    assert photos["red/0.png"].person == photos["red/1.png"].person == "anna"
    assert photos["red/0.png"].geometry == "wide"
    assert photos["red/0.png"].attributes == {"source": "here"}
    assert photos["red/2.png"].person == "red/2.png"
    assert data.has_eyes


def test_tables_find_names_that_a_mac_or_an_archive_has_taken_apart(tmp_path: Path) -> None:
    names = [unicodedata.normalize("NFD", name) for name in ("S\u00fc\u00df", "bl\u00e4ulich")]
    folders.classes(tmp_path, names=(names[0], names[1]), count=3)
    rows = ["file,person", "S\u00fc\u00df/0.png,anna", "S\u00fc\u00df/1.png,anna", "S\u00fc\u00df/9.png,ben"]
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "classes.csv").write_text(
        "id,title\nbl\u00e4ulich,Like the sky\nS\u00fc\u00df,Like honey\n", "utf-8"
    )
    data = read_dataset(tmp_path)
    assert [label.title for label in data.labels] == ["Like honey", "Like the sky"]
    people = {photo.path.relative_to(tmp_path).as_posix(): photo.person for photo in data.photos}
    assert people[f"{names[0]}/0.png"] == people[f"{names[0]}/1.png"] == "anna"
    assert folders.reasons(tmp_path) == {
        "labels.csv": "1 of 3 rows name no file here, the first of them 'S\u00fc\u00df/9.png'"
    }
    seen = survey(tmp_path)
    people = {photo.path.relative_to(tmp_path).as_posix(): photo.person for photo in seen.photos}
    assert [people[f"{names[0]}/{number}.png"] for number in (0, 2)] == ["anna", f"{names[0]}/2.png"]
    assert [item.path.name for item in seen.skipped] == ["labels.csv"]


def test_a_person_whose_letters_are_put_together_in_two_ways_is_one(tmp_path: Path) -> None:
    folders.splits(tmp_path, train=2, validation=3)
    names = [unicodedata.normalize(form, "J\u00fcrgen") for form in ("NFC", "NFD", "NFC", "NFD")]
    files = ("train/red/0.png", "train/red/1.png", "validation/red/0.png", "validation/red/1.png")
    rows = [f"{file},{name}" for file, name in zip(files, names, strict=True)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,person", *rows]), encoding="utf-8")
    said = f"a photo of {names[0]}, who is in train"
    assert folders.reasons(tmp_path) == dict.fromkeys(files[2:], said)
    people = {photo.person for photo in survey(tmp_path).photos if photo.named}
    assert people == {names[0]}


@pytest.mark.parametrize("heading", ["file, person", "file,Person", "\ufeffFile,PERSON "])
def test_people_are_found_however_the_table_is_written(tmp_path: Path, heading: str) -> None:
    folders.splits(tmp_path, train=2, validation=2)
    rows = [heading, "train/red/0.png,anna", "validation/red/0.png, anna "]
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    assert folders.reasons(tmp_path) == {"validation/red/0.png": "a photo of anna, who is in train"}


def test_a_table_in_the_folder_of_a_split_is_an_error(tmp_path: Path) -> None:
    folders.splits(tmp_path)
    (tmp_path / "validation/labels.csv").write_text("file,person\nred/0.png,anna\n")
    with pytest.raises(TrainingError, match="Expected one table for all splits"):
        read_dataset(tmp_path)


def test_unknown_geometry_is_an_error(tmp_path: Path) -> None:
    folders.classes(tmp_path)
    (tmp_path / "labels.csv").write_text("file,geometry\nred/0.png,round\n")
    with pytest.raises(TrainingError, match="red/0.png in labels.csv. Received: round"):
        read_dataset(tmp_path)


def test_classes_csv_tells_titles(tmp_path: Path) -> None:
    folders.classes(tmp_path, names=("deep_red", "green"))
    (tmp_path / "classes.csv").write_text("id,title,description,search\ngreen,Grass,Very green,grass art\n")
    deep, green = read_dataset(tmp_path).labels
    assert (deep.title, deep.description, deep.search) == ("Deep red", "", "")
    assert (green.title, green.description, green.search) == ("Grass", "Very green", "grass art")


def test_a_table_of_classes_without_their_ids_is_an_error(tmp_path: Path) -> None:
    folders.classes(tmp_path)
    (tmp_path / "classes.csv").write_text("name,title\nred,Blood\n")
    with pytest.raises(TrainingError, match="`id` among them. Received: name, title"):
        read_dataset(tmp_path)


def test_a_class_of_two_rows_is_an_error(tmp_path: Path) -> None:
    folders.classes(tmp_path)
    (tmp_path / "classes.csv").write_text("id,title\nred,Blood\nred,Wine\n")
    for read in (read_dataset, survey):
        with pytest.raises(
            TrainingError, match="classes.csv. Received: red in line 3, and in line 2 already"
        ):
            read(tmp_path)


def test_rows_about_no_class_are_counted(tmp_path: Path) -> None:
    folders.classes(tmp_path)
    (tmp_path / "blue").mkdir()
    (tmp_path / "classes.csv").write_text("id,title\nred,Blood\nRed,Wine\nblue,Sky\ngren,Grass\n")
    said = "2 of 4 rows name no class here, the first of them 'Red'"
    assert folders.reasons(tmp_path) == {"blue": "an empty class", "classes.csv": said}


def test_a_table_that_names_no_files_is_an_error(tmp_path: Path) -> None:
    folders.classes(tmp_path)
    (tmp_path / "labels.csv").write_text("file;person\nred/0.png;anna\n")
    with pytest.raises(TrainingError, match="separated by commas.*`file` among them. Received: file;person"):
        read_dataset(tmp_path)


def test_a_table_about_other_files_is_an_error(tmp_path: Path) -> None:
    folders.classes(tmp_path)
    (tmp_path / "labels.csv").write_text("file,person\n0.png,anna\n1.png,ben\n")
    with pytest.raises(TrainingError, match=r"such as green/0.png. Received: 2 of 2 rows .* '0.png'"):
        read_dataset(tmp_path)


def test_rows_about_no_file_are_counted(tmp_path: Path) -> None:
    folders.classes(tmp_path)
    (tmp_path / "labels.csv").write_text("file,person\nred/0.png,anna\nred/99.png,ben\n")
    assert folders.reasons(tmp_path) == {
        "labels.csv": "1 of 2 rows name no file here, the first of them 'red/99.png'"
    }


def test_one_file_has_one_person(tmp_path: Path) -> None:
    folders.classes(tmp_path)
    (tmp_path / "labels.csv").write_text("file,person\nred/0.png,anna\nred/0.png,berta\n")
    with pytest.raises(TrainingError, match="one person for red/0.png.*Received: 'anna' and 'berta'"):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [("geometry", "wide", "tight"), ("agreement", "0.6", ""), ("note", "", "x")],
)
def test_rows_of_one_file_say_the_same(tmp_path: Path, column: str, first: str, second: str) -> None:
    folders.classes(tmp_path)
    table = tmp_path / "labels.csv"
    table.write_text(f"file,person,{column}\nred/0.png,anna,{first}\nred/0.png,anna,{second}\n")
    said = f"Expected one {column} for red/0.png in {table}. Received: {first!r} and {second!r}"
    for read in (read_dataset, survey):
        with pytest.raises(TrainingError) as caught:
            read(tmp_path)
        assert str(caught.value) == said
    table.write_text(f"file,person,{column}\nred/0.png,anna,{first}\nred/0.png,anna,{first}\n")
    assert {photo.person for photo in read_dataset(tmp_path).photos if photo.named} == {"anna"}


def test_class_folders_whose_names_look_alike_are_one_class(tmp_path: Path) -> None:
    """`train/` from a Mac and `validation/` from elsewhere; both names side by side are no third class."""
    whole, apart = "S\u00fc\u00df", unicodedata.normalize("NFD", "S\u00fc\u00df")
    folders.classes(tmp_path / "train", names=(apart, "green"), count=3)
    folders.classes(tmp_path / "train", names=(whole,), count=2, start=2000)
    folders.classes(tmp_path / "validation", names=(whole, "green"), count=2, start=1000)
    (tmp_path / "validation" / apart).mkdir()
    (tmp_path / "classes.csv").write_text(f"id,title\n{apart},Like honey\n", encoding="utf-8")
    rows = [f"train/{apart}/0.png,anna", f"train/{whole}/0.png,ben", f"validation/{whole}/0.png,cleo"]
    (tmp_path / "labels.csv").write_text("\n".join(["file,person", *rows]), encoding="utf-8")
    data = read_dataset(tmp_path)
    assert [(label.id, label.title) for label in data.labels] == [(whole, "Like honey"), ("green", "Green")]
    assert (data.counts("train"), data.counts("validation")) == (
        {whole: 5, "green": 3},
        {whole: 2, "green": 2},
    )
    people = {photo.path.relative_to(tmp_path).as_posix(): photo.person for photo in data.photos}
    assert [people[row.split(",")[0]] for row in rows] == ["anna", "ben", "cleo"]
    assert [item.path for item in data.skipped] == [tmp_path / "validation" / apart]
    seen = survey(tmp_path)
    assert sorted(seen.labels) == [whole, "green"]
    assert [item.reason for item in seen.skipped] == ["an empty class"]
