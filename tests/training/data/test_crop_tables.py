"""The tables of crops: full disks, crashes, and folders that are gone on with."""

import shutil
from pathlib import Path

import pytest

from tests.disks import full_after
from tests.training.crops import crop, faces, rows
from training.data.crop_tables import COLUMNS, NO_FACE, Cropped, begin, record


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two photos of a face, and one without; nobody changes them."""
    return faces(tmp_path_factory.mktemp("photos") / "two")


@pytest.fixture(scope="module")
def cropped(two: Path) -> Path:
    """Their crops; nobody changes them."""
    out = two.parent / "crops"
    assert crop(two, out) == 0
    return out


@pytest.fixture
def out(cropped: Path, tmp_path: Path) -> Path:
    """The crops again, for one test."""
    return Path(shutil.copytree(cropped, tmp_path / "crops"))


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("table", ["labels.csv", "left_out.csv"])
@pytest.mark.parametrize("room", [0, 9, 130])
def test_a_full_disk_leaves_tables_that_go_on(tmp_path: Path, table: str, room: int) -> None:
    eye = dict.fromkeys(COLUMNS, "x" * 10)
    before, after = (
        Cropped(name, ({**eye, "photo": name},) * 2)
        if table == "labels.csv"
        else Cropped(name, reason=room * "y")
        for name in ("a.jpg", "b.jpg")
    )
    record(tmp_path, before)
    whole = (tmp_path / table).read_bytes()
    with full_after(len(whole) + room), pytest.raises(OSError, match="File too large") as failed:
        record(tmp_path, after)
    assert failed.value.filename == str(tmp_path / table)
    assert (tmp_path / table).read_bytes() == whole
    record(tmp_path, after)
    assert [row["photo"] for row in rows(tmp_path / table)] == sorted(
        ["a.jpg", "b.jpg"] * len(before.rows or "1")
    )


def test_a_table_that_a_full_disk_left_empty_has_its_head(two: Path, out: Path) -> None:
    whole = lines(out / "labels.csv")
    for name in ("labels.csv", "left_out.csv"):
        (out / name).write_bytes(b"")
    assert crop(two, out) == 0
    assert lines(out / "labels.csv") == whole and lines(out / "left_out.csv")[0] == "photo,reason"


def test_a_table_that_a_spreadsheet_has_saved_says_the_same(tmp_path: Path) -> None:
    record(tmp_path, Cropped("a.jpg", reason=NO_FACE))
    record(tmp_path, Cropped("b.jpg", reason="The picture is damaged."))
    table = tmp_path / "left_out.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes().replace(b"\n", b"\r\n"))
    assert begin(tmp_path, ["a.jpg", "b.jpg"], {"every_face": False}) == {"a.jpg"}
    assert lines(table) == ["photo,reason", f"a.jpg,{NO_FACE}"]


@pytest.mark.parametrize("table", ["labels.csv", "left_out.csv"])
@pytest.mark.parametrize(
    ("saved", "reason"), [(b"\xe4.jpg", "byte 0xe4"), (b'"a.jpg', "its quotes in pairs")]
)
def test_a_table_that_a_spreadsheet_has_saved_otherwise_is_one_line(
    two: Path, out: Path, table: str, saved: bytes, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = (out / table).read_bytes() + saved + b",\n"
    (out / table).write_bytes(broken)
    assert crop(two, out) == 2
    error = capsys.readouterr().err
    assert f"Expected a table (CSV, UTF-8) at {out / table}" in error and reason in error
    assert error.count("\n") == 1 and (out / table).read_bytes() == broken


def test_how_crops_were_cut_is_written_once(two: Path, out: Path) -> None:
    before = (out / "crop.json").stat()
    assert crop(two, out) == 0
    after = (out / "crop.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("content", ["", '{"size": 2', "[]", "\xff"])
def test_a_damaged_crop_json_is_one_line(
    two: Path, out: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "crop.json").write_text(content, encoding="latin-1")
    assert crop(two, out) == 2
    error = capsys.readouterr().err
    assert f"Expected the options of an earlier run (JSON) in {out / 'crop.json'}" in error
    assert error.count("\n") == 1 and "give another folder" in error


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_line_that_a_crash_cut_off_is_no_line(two: Path, out: Path, number: int) -> None:
    table, left_out = out / "labels.csv", out / "left_out.csv"
    whole = lines(table)
    table.write_text("\n".join([*whole[:number], whole[number][:30]]))
    left_out.write_bytes(left_out.read_bytes()[:-8])
    assert crop(two, out) == 0
    assert lines(table) == whole and lines(left_out) == ["photo,reason", "blank.png,no face found"]


@pytest.mark.parametrize("lost", [1, 4])
def test_a_line_that_a_crash_cut_off_in_its_last_cell_hides_no_eye(two: Path, out: Path, lost: int) -> None:
    table = out / "labels.csv"
    whole = lines(table)
    table.write_text("\n".join(whole[:4])[: 1 - lost or None])
    assert crop(two, out) == 0
    assert lines(table) == whole


def test_the_last_line_of_an_editor_is_kept(two: Path, out: Path, tmp_path: Path) -> None:
    edited = (out / "labels.csv").read_text().replace("b.jpg-0,", "ben,").rstrip("\n")
    (out / "labels.csv").write_text(edited)
    three = Path(shutil.copytree(two, tmp_path / "three"))
    shutil.copy(two / "a.jpg", three / "c.jpg")
    assert crop(three, out) == 0
    assert [row["person"] for row in rows(out / "labels.csv")] == ["a.jpg-0"] * 2 + ["ben"] * 2 + [
        "c.jpg-0"
    ] * 2
