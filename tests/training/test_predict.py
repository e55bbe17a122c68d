"""`training predict` on a bundle of three colours."""

import csv
import io
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.networks.metadata import CropGeometry
from tests.bundles import metadata, write_bundle
from tests.users import closed_to_us
from training.__main__ import main
from training.measuring.prediction import find_files, find_pictures, open_model, predict


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models")
    write_bundle(path)
    write_bundle(path, metadata(version=2, threshold=0.99999))
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    (root / "inside").mkdir(parents=True)
    (root / ".hidden").mkdir()
    Image.new("RGB", (50, 40), (220, 30, 30)).save(root / "red.jpg")
    Image.new("RGB", (40, 60), (20, 30, 220)).save(root / "inside" / "blue.PNG")
    Image.new("RGB", (40, 60), "green").save(root / ".hidden" / "green.png")
    (root / "labels.csv").write_text("file,person\n")
    return root


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["predict", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_table_for_people(models: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, models / "colours" / "1", photos)
    assert code == 0
    assert err == ""
    lines = out.splitlines()
    assert lines[0].split() == ["file", "class", "confidence"]
    assert lines[1].split()[:2] == [str(photos / "inside" / "blue.PNG"), "blue"]
    assert lines[2].split()[:2] == [str(photos / "red.jpg"), "red"]
    assert lines[-1] == "2 files with colours 1: red 1, blue 1; not sure: 0"


def test_the_newest_version_of_a_name_is_used(
    models: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, models / "colours", photos / "red.jpg")
    assert code == 0
    assert "not sure" in out.splitlines()[1]
    assert out.splitlines()[-1] == "1 files with colours 2: red 1; not sure: 1"


def test_json_for_programs(models: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, models / "colours" / "1" / "model.onnx", photos, "--json")
    blue, red = json.loads(out)
    assert code == 0
    assert (blue["label"], red["label"]) == ("blue", "red")
    assert red["certain"] is True
    assert list(red["probabilities"]) == ["red", "green", "blue"]
    assert sum(red["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert red["confidence"] == red["probabilities"]["red"]


def test_bad_files_are_listed_with_their_reasons(
    models: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "empty.jpg").touch()
    (photos / "broken.png").write_bytes((photos / "inside" / "blue.PNG").read_bytes()[:60])
    code, out, _ = call(capsys, models / "colours" / "1", photos)
    assert code == 1
    assert "not classified: 2 of 4 files" in out
    assert f"{photos / 'empty.jpg'}: Expected the bytes of a picture. Received: an empty file." in out
    assert f"{photos / 'broken.png'}: The picture is truncated or damaged" in out


def test_files_that_training_looks_at_are_looked_at(
    models: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Photos without an ending are classified, links that lead nowhere named, files of other kinds left."""
    shutil.copy(photos / "red.jpg", photos / "inside" / "IMG_1")
    (photos / "gone.jpg").symlink_to(photos / "nowhere.jpg")
    (photos / "crop.json").write_text("{}")
    (photos / "device.jpg").symlink_to("/dev/null")  # of a pipe the end never comes
    (photos / "Thumbs.db").touch()
    code, out, _ = call(capsys, models / "colours" / "1", photos, "--json")
    found = {Path(row["file"]).name: row.get("label", row.get("error")) for row in json.loads(out)}
    assert (code, sorted(found)) == (1, ["IMG_1", "blue.PNG", "gone.jpg", "red.jpg"])
    assert found["IMG_1"] == "red"
    assert found["gone.jpg"] == "The file cannot be read (No such file or directory)."


@pytest.mark.parametrize("options", [[], ["--wide"]])
def test_a_device_without_an_end_is_listed(
    models: Path, photos: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, models / "colours", "/dev/zero", photos / "red.jpg", *options)
    assert code == 1 and "  /dev/zero: The file cannot be read (more than 200,000,000 bytes).\n" in out


def test_a_folder_that_may_not_be_read_is_listed(models: Path, photos: Path) -> None:
    classifier = open_model(models / "colours" / "1")
    with tempfile.TemporaryDirectory() as name:  # which others may enter, as they may not pytest's
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(photos, folder, dirs_exist_ok=True)
        shut = folder / "inside"
        with closed_to_us(shut):
            found = list(predict(classifier, find_files([folder])))
            alone = list(predict(classifier, find_files([shut])))
    said = "The folder cannot be read (Permission denied)."
    assert {(one.path, one.reason) for one in found} == {(folder / "red.jpg", ""), (shut, said)}
    assert [(one.path, one.reason) for one in alone] == [(shut, said)]


def test_csv_keeps_bad_files_in_their_place(
    models: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "notes.jpg").write_text("no picture")
    code, out, _ = call(capsys, models / "colours" / "1", photos, "--csv")
    blue, notes, red = csv.DictReader(io.StringIO(out))
    assert code == 1
    assert list(blue) == [
        *("file", "label", "confidence", "certain", "typicality", "p_red", "p_green", "p_blue", "error")
    ]
    assert (blue["label"], red["label"], notes["label"]) == ("blue", "red", "")
    assert blue["error"] == ""
    assert notes["error"].startswith("Expected a picture as JPEG")


def test_a_missing_path_stops_before_anything_is_classified(
    models: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, models / "colours", photos, photos / "nowhere")
    assert (code, out) == (2, "")
    assert "nowhere, which does not exist" in err


def test_folders_without_pictures_are_an_error(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = call(capsys, models / "colours", tmp_path / "empty")
    assert code == 2
    assert "folders without any" in err


def test_a_name_that_is_not_unicode_stops_before_anything_is_classified(
    models: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "red.jpg").rename(photos / os.fsdecode(b"\xff.jpg"))
    assert main(["predict", str(models / "colours"), str(photos), "--csv"]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert f"Expected names in UTF-8. Received: {photos}/?.jpg; rename it, please." in told.err


def test_no_model_is_an_error(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, photos, photos)[0] == 2
    code, _, err = call(capsys, photos / "labels.csv", photos)
    assert code == 2
    assert "ONNX Runtime cannot load this file" in err


def test_a_run_is_to_be_exported_first(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "my run"
    run.mkdir()
    (run / "config.json").write_text("{}")
    code, _, err = call(capsys, run, photos)
    assert code == 2
    assert f"a run; export it first: python -m training export '{run}' --to models/<name>/1" in err


def test_a_file_named_twice_is_classified_once(photos: Path) -> None:
    assert len(find_pictures([photos, photos / "red.jpg"])) == 2


def test_many_files_keep_their_order(models: Path, tmp_path: Path) -> None:
    for number in range(11):
        Image.new("RGB", (9, 9), (20 * number, 100, 20)).save(tmp_path / f"{number:02}.png")
    (tmp_path / "05.png").write_bytes(b"\x89PNG")
    results = list(predict(open_model(models / "colours" / "1"), find_pictures([tmp_path]), batch=4))
    assert [result.path.stem for result in results] == [f"{number:02}" for number in range(11)]
    assert [result.path.stem for result in results if result.probabilities is None] == ["05"]
    reds = [result.probabilities[0] for result in results if result.probabilities is not None]
    assert reds == sorted(reds)


def test_wide_crops_are_narrowed_to_what_the_model_looks_at(tmp_path: Path) -> None:
    crop = CropGeometry(scale=1.0, centre=0.5).model_dump()
    folder = write_bundle(tmp_path, metadata(crop=crop))
    eye = np.zeros((80, 80, 3), np.uint8)
    eye[..., 2] = 255
    eye[24:64, 20:60] = (255, 0, 0)  # one eye width around the eye's centre, at 55 % of the height
    Image.fromarray(eye).save(tmp_path / "eye.png")
    model = open_model(folder)
    (whole,) = predict(model, [tmp_path / "eye.png"])
    (narrow,) = predict(model, [tmp_path / "eye.png"], wide=True)
    assert whole.answer(model.metadata)[0] == "blue"
    label, confidence, _ = narrow.answer(model.metadata)
    assert label == "red"
    assert confidence == pytest.approx(1, abs=1e-3)


def test_what_the_service_would_not_call_certain_is_not_sure(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Typicality is the level of the brightest channel: about 0.86 for both.
    for version, bound in ((1, 0.5), (2, 0.95)):
        write_bundle(tmp_path, metadata(version=version, typicality_bound=bound), explains=True)
        _, out, _ = call(capsys, tmp_path / "colours" / str(version), photos, "--json")
        assert {row["certain"] for row in json.loads(out)} == {bound == 0.5}
        assert all(0.8 < row["typicality"] < 0.9 for row in json.loads(out))
        _, out, _ = call(capsys, tmp_path / "colours" / str(version), photos)
        said = "unusual: 2 of these are unlike the photos that the model learned from"
        assert (out.splitlines()[-1] == said) == (bound == 0.95)


def test_who_mistypes_a_model_reads_which_there_are(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "models"
    for version in range(1, 13):
        (models / "shapes" / str(version)).mkdir(parents=True)
        (models / "shapes" / str(version) / "model.onnx").touch()
    write_bundle(models)
    newest = "12, 11, 10, 9, 8, 7, 6, 5, 4, 3 and 2 more"
    for wrong, said in (
        ("shapes/13", f"shapes/13, which does not exist. Versions in {models / 'shapes'}: {newest}."),
        ("shape", f"shape, which does not exist. Models in {models}: colours, shapes."),
        ("", f"{models}, which is none of them. Models in {models}: colours, shapes."),
        ("shape/1", "shape/1, which does not exist."),
    ):
        assert call(capsys, models / wrong, photos)[2].endswith(f"{said}\n")
        assert main(["evaluate", str(models / wrong), str(photos)]) == 2
        assert capsys.readouterr().err.endswith(f"{said}\n")


@pytest.mark.parametrize("threads", ["-1", "257", "many"])
def test_numbers_of_threads_that_make_no_sense(
    models: Path, photos: Path, capsys: pytest.CaptureFixture[str], threads: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["predict", str(models / "colours"), str(photos), f"--threads={threads}"])
    message = f"expected a whole number from 0 to 256. Received: {threads}."
    assert message in capsys.readouterr().err
