import os
import shutil
import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from tests.training.crops import LOCATOR, ROOT, crop, faces, rows
from training.__main__ import main
from training.data.cropping import photos_in


def some_photos(folder: Path) -> Path:
    """One photo of a face, and what there is no eye in."""
    (folder / "almond").mkdir(parents=True)
    shutil.copy(ROOT / "examples/portrait.jpg", folder / "almond/eileen.jpg")
    Image.new("RGB", (64, 48), "white").save(folder / "blank.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "IMG_1.HEIC").write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
    (folder / "notes.txt").write_text("not a photo")
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return some_photos(tmp_path / "photos")


@pytest.fixture(scope="module")
def cropped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crops of such photos; nobody changes them."""
    folder = tmp_path_factory.mktemp("cropped")
    assert crop(some_photos(folder / "photos"), folder / "crops") == 0
    return folder / "crops"


@pytest.fixture
def crops(cropped: Path, tmp_path: Path) -> Path:
    """The crops again, for one test."""
    return Path(shutil.copytree(cropped, tmp_path / "crops"))


def test_a_pipe_is_no_photo(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a photo")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert photos_in(tmp_path) == [Path("a.jpg"), Path("gone.jpg")]


def test_cuts_both_eyes_and_goes_on_where_it_stopped(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    out = tmp_path / "crops"
    assert crop(photos, out) == 0
    assert "4 photos: 2 eyes" in capsys.readouterr().out
    left, right = rows(out / "labels.csv")
    assert (left["file"], left["eye"]) == ("almond/eileen.jpg-0-left.jpg", "left")
    assert (right["file"], right["eye"]) == ("almond/eileen.jpg-0-right.jpg", "right")
    assert left["label"] == "almond" and left["geometry"] == "wide"
    assert left["person"] == right["person"] == "almond/eileen.jpg-0"
    assert float(left["eye_width_px"]) == pytest.approx(18.5, abs=1)
    assert left["quality"] == "face_too_small"
    with Image.open(out / left["file"]) as image:
        assert image.size == (224, 224)
    reasons = {row["photo"]: row["reason"] for row in rows(out / "left_out.csv")}
    assert reasons["blank.png"] == "no face found"
    assert reasons["broken.jpg"].startswith("Expected a picture as")
    assert "a HEIC photo, as iPhones take them; save it as JPEG" in reasons["IMG_1.HEIC"]
    assert before == {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}

    shutil.copy(ROOT / "examples/portrait.jpg", photos / "second.jpg")
    (photos / "labels.csv").write_text("file,person\nsecond.jpg,eileen\n")
    assert crop(photos, out) == 0
    told = capsys.readouterr().out
    assert "3 photos: 2 eyes" in told and "2 photos done before" in told  # two could not be read again
    assert len(rows(out / "left_out.csv")) == 3
    table = rows(out / "labels.csv")
    assert [row["photo"] for row in table] == ["almond/eileen.jpg"] * 2 + ["second.jpg"] * 2
    assert table[-1]["person"] == "eileen"


def test_what_could_not_be_read_is_tried_again(photos: Path, crops: Path) -> None:
    before = (crops / "left_out.csv").read_text()
    assert crop(photos, crops) == 0
    assert sorted((crops / "left_out.csv").read_text().splitlines()) == sorted(before.splitlines())
    shutil.copy(ROOT / "examples/portrait.jpg", photos / "broken.jpg")
    shutil.copy(ROOT / "examples/portrait.jpg", photos / "blank.png")
    (photos / "IMG_1.HEIC").unlink()
    assert crop(photos, crops) == 0
    cut = [row["photo"] for row in rows(crops / "labels.csv")]
    assert cut == ["almond/eileen.jpg"] * 2 + ["broken.jpg"] * 2  # blank.png was read, and had no face
    assert {row["photo"] for row in rows(crops / "left_out.csv")} == {"blank.png", "IMG_1.HEIC"}
    assert sorted(path.name for path in crops.iterdir() if path.is_file() and path.suffix != ".jpg") == [
        "crop.json",
        "labels.csv",
        "left_out.csv",
    ]


def test_a_folder_that_went_through_an_archive_is_not_cropped_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, out, name = tmp_path / "photos", tmp_path / "crops", "J\u00fcrgen.jpg"
    photos.mkdir()
    shutil.copy(ROOT / "examples/portrait.jpg", photos / unicodedata.normalize("NFD", name))
    (photos / "labels.csv").write_text(f"file,person\n{name},juergen\n", encoding="utf-8")
    assert crop(photos, out) == 0
    assert [row["person"] for row in rows(out / "labels.csv")] == ["juergen", "juergen"]
    (photos / unicodedata.normalize("NFD", name)).rename(photos / name)
    assert crop(photos, out) == 0
    assert "0 photos" in capsys.readouterr().out
    assert len(rows(out / "labels.csv")) == 2


def test_names_that_differ_by_a_dot_are_two_photos(photos: Path, tmp_path: Path) -> None:
    shutil.move(photos / "almond/eileen.jpg", photos / "almond/img.1.jpg")
    shutil.copy(photos / "almond/img.1.jpg", photos / "almond/img_1.jpg")
    out = tmp_path / "crops"
    assert crop(photos, out) == 0
    assert len(list(out.rglob("*.jpg"))) == len(rows(out / "labels.csv")) == 4


@pytest.mark.parametrize(
    "option",
    [
        ("--size", "0"),
        ("--size", "4097"),
        ("--size", "100000"),
        ("--processes", "-1"),
        ("--processes", "257"),
    ],
)
def test_numbers_that_make_no_sense_write_nothing(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, str]
) -> None:
    assert crop(photos, tmp_path / "crops", *option) == 2
    assert "Expected --size from 1 to 4096 and --processes from 0 to 256" in capsys.readouterr().err
    assert not (tmp_path / "crops").exists()


@pytest.mark.parametrize(
    ("option", "number", "said"),
    [
        ("scale", "0", "greater than 0.5"),
        ("scale", "-1", "greater than 0.5"),
        ("scale", "1e9", "equal to 4"),
        ("scale", "nan", "equal to 4"),
        ("centre", "-0.1", "equal to 0"),
        ("centre", "1.5", "equal to 1"),
        ("centre", "inf", "equal to 1"),
        ("centre", "nan", "equal to 1"),
    ],
)
def test_squares_that_no_model_looks_at_are_not_cut(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, number: str, said: str
) -> None:
    assert crop(photos, tmp_path / "crops", f"--{option}={number}") == 2
    error = capsys.readouterr().err
    assert f"Expected --{option}" in error and said in error and error.count("\n") == 1
    assert f"Received: {float(number)}." in error
    assert not (tmp_path / "crops").exists()


def test_refuses_folders_that_do_not_fit(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / os.fsdecode(b"\xff.jpg")).touch()
    for source, out, message in (
        (tmp_path / "missing", tmp_path / "crops", "Expected a folder of photos"),
        (photos, photos / "crops", "Expected two separate folders"),
        (tmp_path / "empty", tmp_path / "crops", "Expected photos below"),
        (tmp_path / "odd", tmp_path / "crops", "Expected names in UTF-8. Received: ?.jpg"),
    ):
        assert crop(source, out) == 2
        assert message in capsys.readouterr().err
    assert not (photos / "crops").exists()


def test_a_table_of_a_spreadsheet_names_people_too(photos: Path, tmp_path: Path) -> None:
    (photos / "labels.csv").write_text("\ufefffile,person\nalmond/eileen.jpg,eileen\n", encoding="utf-8")
    assert crop(photos, tmp_path / "crops") == 0
    assert {row["person"] for row in rows(tmp_path / "crops" / "labels.csv")} == {"eileen"}


def test_a_person_whose_letters_are_put_together_in_two_ways_is_one(photos: Path, tmp_path: Path) -> None:
    shutil.copy(photos / "almond/eileen.jpg", photos / "second.jpg")
    names = [unicodedata.normalize(form, "J\u00fcrgen") for form in ("NFC", "NFD")]
    table = f"file,person\nalmond/eileen.jpg,{names[0]}\nsecond.jpg,{names[1]}\n"
    (photos / "labels.csv").write_text(table, encoding="utf-8")
    assert crop(photos, tmp_path / "crops") == 0
    assert [row["person"] for row in rows(tmp_path / "crops" / "labels.csv")] == [names[0]] * 4


def test_a_table_of_the_user_is_never_written_to(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "crops"
    out.mkdir()
    (out / "labels.csv").write_text("file,person\nmine.jpg,me\n")
    assert crop(photos, out) == 2
    assert "labels.csv is not of `training crop`" in capsys.readouterr().err
    assert (out / "labels.csv").read_text() == "file,person\nmine.jpg,me\n"


def test_crops_of_two_shapes_are_not_mixed(
    photos: Path, crops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crop(photos, crops, "--size", "96") == 2
    assert "'size': 224}. Received: {" in capsys.readouterr().err


def test_one_face_and_every_face_are_not_mixed(
    photos: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    largest, every = crops, tmp_path / "every"
    assert crop(photos, every, "--every-face") == 0
    assert crop(photos, largest) == crop(photos, every, "--every-face") == 0
    capsys.readouterr()
    assert crop(photos, largest, "--every-face") == crop(photos, every) == 2
    said = f"Expected the options of the crops that are in {largest}, {{'every_face': False, "
    assert said in (error := capsys.readouterr().err)
    assert "Received: {'every_face': True, " in error and "give another folder" in error


def test_a_folder_from_before_every_face_was_kept_has_one_face(photos: Path, crops: Path) -> None:
    (crops / "crop.json").write_text('{"scale": 2.0, "centre": 0.55, "size": 224}\n')
    assert crop(photos, crops, "--every-face") == 2
    assert crop(photos, crops) == 0


def test_a_name_of_two_lines_is_refused_before_anything_is_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = faces(tmp_path / "photos")
    (photos / "a.jpg").rename(photos / "a\nb.jpg")
    assert crop(photos, tmp_path / "crops") == 2
    assert "Expected file names of one line. Received: 'a\\nb.jpg'" in capsys.readouterr().err
    assert not (tmp_path / "crops").exists()


@pytest.mark.parametrize("broken", ["missing", "damaged", "document"])
def test_a_broken_locator_is_one_line(tmp_path: Path, broken: str, capfd: pytest.CaptureFixture[str]) -> None:
    bundle, out = tmp_path / "eye-locator" / "1", tmp_path / "crops"
    shutil.copytree(LOCATOR, bundle)
    network = next(bundle.glob("*.onnx"))
    if broken == "missing":
        network.unlink()
    elif broken == "damaged":
        network.write_bytes(b"no network")
    else:
        (bundle / "locator.json").write_text("{")
    assert crop(faces(tmp_path / "photos"), out, "--locator", str(bundle)) == 2
    error = capfd.readouterr().err
    assert f"Expected the eye locator in {bundle}. Received: " in error and error.count("\n") == 1
    assert not out.exists()


def test_a_missing_locator_is_one_line(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["crop", str(photos), "--out", str(tmp_path / "crops"), "--locator", str(tmp_path)]
    assert main(command) == 2
    assert capsys.readouterr().err.count("\n") == 1
    command[-1] = "models/of/nobody/1"
    assert main(command) == 2
    said = "Expected the eye locator in models/of/nobody/1. Received: nothing there; see --locator.\n"
    assert capsys.readouterr().err == f"python -m training: {said}"
