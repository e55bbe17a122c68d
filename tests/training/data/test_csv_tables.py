"""Tables as people and spreadsheets write them: what means nothing is passed over, what is wrong is named."""

from pathlib import Path

import pytest

from training.data.csv_tables import as_named, label_of, read_classes, read_table
from training.errors import TrainingError

COMPOSED, DECOMPOSED = "M\u00fcller.jpg", "Mu\u0308ller.jpg"
"""One name to whoever looks at it."""


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


@pytest.mark.parametrize("row", ["a, b.jpg;anna", '"a.jpg";"anna"', "a.jpg;anna"])
def test_semicolons_are_named_before_anything_that_follows_from_them(tmp_path: Path, row: str) -> None:
    with pytest.raises(TrainingError, match="separated by commas in .*`file` among them. Received: file;per"):
        read(tmp_path, f"file;person\n{row}\n")


@pytest.mark.parametrize("cell", ['"ben', '"ben" b', '"ben "b" "'])
def test_a_stray_quote_is_named_by_its_line_and_swallows_no_rows(tmp_path: Path, cell: str) -> None:
    with pytest.raises(TrainingError, match=f"table .* at {tmp_path}.* from line 4 on"):
        read(tmp_path, f"file,person\na.jpg,anna\n\nb.jpg,{cell}\nc.jpg,cleo\nd.jpg,dora\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('file,person\na.jpg,"anna\nb.jpg,ben"\n', "`person` as one line in line 2 of"),
        ('file,person\n\n"a.jpg\r\nb.jpg",ben\n', "`file` as one line in line 3 of"),
        ('file,person\na.jpg,"\nb.jpg,"\n', "`person` as one line in line 2 of"),
    ],
)
def test_quotes_that_happen_to_pair_up_swallow_no_rows(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TrainingError, match=f"{said}.*Received: several, the first .*a quote too many"):
        read(tmp_path, text)


def test_a_class_is_named_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "classes.csv"
    path.write_text('id,title\n"cat\ndog",Pets\n')
    with pytest.raises(TrainingError, match="`id` as one line in line 2 of"):
        read_classes(path)


def test_other_cells_may_have_several_lines_and_quotes(tmp_path: Path) -> None:
    assert read(tmp_path, 'file,note\n"a.jpg","so ""wide""\nas long"\nb 2".jpg,\n') == [
        {"file": "a.jpg", "note": 'so "wide"\nas long'},
        {"file": 'b 2".jpg', "note": ""},
    ]


def named(written: list[str], there: list[str]) -> list[str]:
    return [row["file"] for row in as_named([{"file": name} for name in written], "file", there)]


@pytest.mark.parametrize(("written", "there"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_letters_that_are_put_together_in_another_way_are_the_same(written: str, there: str) -> None:
    assert named([written, "b.jpg"], [there, "b.jpg"]) == [there, "b.jpg"]
    assert named([written, written], [there]) == [there, there]


def test_the_very_name_goes_first() -> None:
    both = [COMPOSED, DECOMPOSED]
    assert named(both, both) == both
    assert named([COMPOSED], both) == [COMPOSED]
    assert named(both, [DECOMPOSED]) == both


def test_what_may_be_several_is_none_of_them() -> None:
    # Three ways to write a letter with two marks.
    first, second, third = "\u1e69.jpg", "\u1e63\u0307.jpg", "s\u0323\u0307.jpg"
    assert named([third], [first, second]) == [third]
    assert named([first, second], [third]) == [first, second]


def test_a_class_of_two_rows_is_named_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "classes.csv"
    path.write_text('id,title\ncat,Cat\n\ndog,"A dog,\nlarge or small"\ncat ,Tomcat\n')
    with pytest.raises(TrainingError) as caught:
        read_classes(path)
    said = f"Expected every class once in {path}. Received: cat in line 6, and in line 2 already."
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("folder", "title"),
    [
        ("BMW", "BMW"),
        ("VW Golf", "VW Golf"),
        ("wide_open-eye", "Wide open eye"),
        ("iPhone", "IPhone"),
        ("猫", "猫"),
    ],
)
def test_a_title_keeps_the_capitals_of_its_folder(folder: str, title: str) -> None:
    assert label_of(folder, {}).title == title
    assert label_of(folder, {"title": "another"}).title == "another"
