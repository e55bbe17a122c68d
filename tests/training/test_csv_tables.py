"""Tables as people and spreadsheets write them: what means nothing is passed over, what is wrong is named."""

from pathlib import Path

import pytest

from training.csv_tables import read_table
from training.errors import TrainingError


def read(tmp_path: Path, text: str) -> list[dict[str, str]]:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    return read_table(path, "file")


@pytest.mark.parametrize(
    "text",
    [
        "file,person\na.jpg,anna\n",
        "file,person,,\na.jpg,anna,,\n,,,\n\n",
        "file,person,,\na.jpg,anna\n",
        "file,person\na.jpg,anna,,\n",
        "\n,File,Person\n0,a.jpg, anna \n",
    ],
)
def test_empty_cells_of_spreadsheets_mean_nothing(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == [{"file": "a.jpg", "person": "anna"}]


@pytest.mark.parametrize("row", ["b.jpg", "b.jpg,anna,left,red"])
def test_a_row_of_too_few_or_too_many_cells_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    with pytest.raises(TrainingError, match=f"Expected 3 cells in line 4 of {tmp_path}.*Received: "):
        read(tmp_path, f"file,person,eye\n\na.jpg,anna,left\n{row}\n")


def test_a_column_that_is_there_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match="Expected every column once in .*Received: person more than once"
    ):
        read(tmp_path, "file,person,Person \na.jpg,anna,ben\n")
