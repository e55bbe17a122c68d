"""`training evaluate` on bundles and runs."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.bundles import metadata, write_bundle
from tests.users import ordinary_user
from training.__main__ import main
from training.commands.evaluate import measure
from training.data.folders import read_dataset
from training.errors import TrainingError
from training.measuring.models import Model

COLOURS = {"red": (220, 30, 30), "green": (30, 220, 30), "blue": (30, 30, 220)}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("models"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two photos per colour to train on, one to validate; the red one for validation is in fact green."""
    root = tmp_path / "data"
    for name, colour in COLOURS.items():
        for split, count in (("train", 2), ("validation", 1)):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                shown = COLOURS["green"] if (split, name) == ("validation", "red") else colour
                size = 20 + number + 5 * (split == "validation") + 2 * list(COLOURS).index(name)
                Image.new("RGB", (size, size), shown).save(root / split / name / f"{number}.png")
    return root


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["evaluate", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def learned_from(folder: Path, split: str) -> object:
    return json.loads((folder / f"evaluation-{split}.json").read_text())["learned_from"]


def test_measures_the_validation_photos(model: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, model, data)
    assert code == 0
    assert out.startswith("colours 1 on 3 validation photos (95 % intervals over photos)")
    assert "66.7 %" in out


def test_a_copy_makes_no_people_of_photos(
    model: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blue = data / "validation" / "blue"
    (blue / "copy.png").write_bytes((blue / "0.png").read_bytes())
    begins = "colours 1 on 4 validation photos"
    assert call(capsys, model, data)[1].startswith(f"{begins} (95 % intervals over photos)")
    (data / "labels.csv").write_text("file,person\nvalidation/blue/0.png,ann\n")
    assert call(capsys, model, data)[1].startswith(f"{begins} of 3 people (95 % intervals over people)")


def test_writes_numbers_and_a_picture_where_asked(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(model.rglob("*"))
    assert call(capsys, model, data, "--out", tmp_path / "report")[0] == 0
    document = json.loads((tmp_path / "report" / "evaluation-validation.json").read_text())
    assert document["confusion"] == [[0, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert document["classes"]["red"]["recall"]["value"] == 0
    assert (tmp_path / "report" / "confusion-validation.png").stat().st_size > 0
    assert sorted(model.rglob("*")) == before


def test_parts_of_the_photos_are_measured_on_their_own(
    model: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["file,source", "validation/red/0.png,phone", "validation/blue/0.png,studio"]
    (data / "labels.csv").write_text("\n".join(rows) + "\n")
    _, out, _ = call(capsys, model, data, "--by", "source")
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line.startswith("source=")}
    assert list(lines) == ["source=", "source=phone", "source=studio"]
    assert lines["source=phone"][3] == "0.0"
    assert lines["source=studio"][3] == "100.0"


def test_train_photos_come_with_a_warning(
    model: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = read_dataset(data).facts().model_dump()
    taught = write_bundle(tmp_path / "models", metadata(dataset=facts))
    code, out, _ = call(capsys, taught, data, "--split", "train")
    assert code == 0
    assert "Note: the model was trained on these photos: " in out
    # Of another model's, with one of its own or without, nobody knows.
    _, out, _ = call(capsys, model, data, "--split", "train")
    assert "Note: how many of these photos the model learned from cannot be told" in out


def test_a_folder_kept_back_is_measured_as_a_whole(
    model: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = call(capsys, model, data / "train", "--split", "all", "--out", data.parent / "out")
    assert out.startswith("colours 1 on 6 all photos")
    assert "Note: how many of these photos the model learned from cannot be told" in out
    assert learned_from(data.parent / "out", "all") is None


def test_photos_that_the_model_learned_from_are_counted(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = read_dataset(data).facts().model_dump()
    taught, out = write_bundle(tmp_path / "models", metadata(dataset=facts)), tmp_path / "out"
    _, said, _ = call(capsys, taught, data, "--split", "all", "--out", out)
    assert said.startswith("colours 1 on 9 all photos")
    assert "Note: the model learned from 6 of these 9 photos." in said
    assert learned_from(out, "all") == 6
    _, said, _ = call(capsys, taught, data, "--out", out)
    assert "Note" not in said and learned_from(out, "validation") == 0
    # Which of them are set aside here says nothing: it has seen them all.
    for split in ("all", "validation"):
        _, said, _ = call(capsys, taught, data / "train", "--split", split, "--out", out)
        assert "Note: the model was trained on these photos: " in said
        assert learned_from(out, split) == {"all": 6, "validation": 3}[split]


def test_files_left_out_are_named(model: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "validation" / "red" / "bad.png").write_bytes(b"")
    _, out, _ = call(capsys, model, data)
    assert "1 files or folders left out:" in out
    assert "bad.png: Expected the bytes of a picture. Received: an empty file." in out


def test_a_split_without_photos_is_an_error(
    model: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, model, data, "--split", "test")
    assert (code, out) == (2, "")
    assert "Expected test photos" in err


def test_classes_the_model_does_not_know_are_an_error(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = [{"id": name, "title": name} for name in ("red", "green", "yellow")]
    other = write_bundle(tmp_path / "models", metadata(labels=labels))
    code, _, err = call(capsys, other, data)
    assert code == 2
    assert "Received also: blue" in err


def test_an_unknown_column_is_an_error(model: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, model, data, "--by", "agrement")
    assert (code, err.count("\n")) == (2, 1)
    assert "Expected a column of labels.csv: geometry. Received: agrement" in err


def test_an_unknown_column_stops_before_anything_is_measured(model: Path, data: Path) -> None:
    asked: list[int] = []

    def probabilities(images: np.ndarray) -> np.ndarray:
        asked.append(len(images))
        return opened.probabilities(images)

    opened = Model.open(model)
    photos = opened.read(data).photos
    with pytest.raises(TrainingError, match="Received: agrement"):
        measure(replace(opened, probabilities=probabilities), photos, "all", "agrement")
    assert asked == []


def test_the_geometry_parts_photos_too(model: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "labels.csv").write_text("file,geometry\nvalidation/red/0.png,wide\n")
    _, out, _ = call(capsys, model, data, "--by", "geometry")
    assert "geometry=wide" in out and "geometry=whole" in out


def test_a_models_folder_that_may_not_be_listed_is_one_line(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tempfile.TemporaryDirectory() as name:  # which others may enter, as they may not pytest's
        folder = write_bundle(Path(name)).parent
        Path(name).chmod(0o755)
        folder.chmod(0o111)
        with ordinary_user():
            assert main(["evaluate", str(folder), str(data)]) == 2
    error = capsys.readouterr().err
    assert f"{folder}: expected a folder that this user may read" in error and error.count("\n") == 1
