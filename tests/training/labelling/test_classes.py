"""The classes to choose from, by name or by a table."""

from pathlib import Path

import pytest

from tests.training import folders
from training.data.folders import read_dataset
from training.errors import TrainingError
from training.labelling.classes import choose_classes

TABLES = (
    "id,title,description\ngreen,Grass,Very green\nred,,\n",
    "ID,Title,Description\ngreen,Grass,Very green\nred,,\n",
    "\ufeffid , title,description,,\n green ,Grass, Very green ,,\nred,,,,\n,,,,\n",
)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_means_the_same_to_labelling_and_to_training(tmp_path: Path, table: str) -> None:
    folders.classes(tmp_path)
    (tmp_path / "classes.csv").write_text(table, encoding="utf-8")
    chosen = choose_classes(tmp_path, "", None)
    assert chosen == read_dataset(tmp_path).labels
    assert [(label.id, label.title, label.description) for label in chosen] == [
        ("green", "Grass", "Very green"),
        ("red", "Red", ""),
    ]


@pytest.mark.parametrize("by_table", [True, False])
def test_a_name_too_long_is_one_line(tmp_path: Path, by_table: bool) -> None:
    name = "g" * 101
    (tmp_path / "classes.csv").write_text(f"id,title\nred,\n{name},\n")
    with pytest.raises(TrainingError, match="cannot be used: id: String should have at most") as caught:
        choose_classes(tmp_path, "" if by_table else f"red,{name}", None)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"table of the classes \(CSV\) at .*mine.csv. There is none"):
        choose_classes(tmp_path, str(tmp_path / "mine.csv"), None)


def test_a_class_is_there_once(tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_text("id\nred\ngreen\n red\n")
    with pytest.raises(TrainingError, match="Received: red in line 4, and in line 2 already"):
        choose_classes(tmp_path, "", None)
    with pytest.raises(TrainingError, match="two or more different classes.*Received: red, green, red"):
        choose_classes(tmp_path, "red,green, red", None)
