"""`training quantize`: a bundle that the service accepts, or nothing at all."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from service.networks import bundle
from tests.training.quantization.networks import graph, write, write_source
from tests.training.tiny import colours, write_photos
from training.__main__ import main
from training.bundles import gate
from training.bundles.card import model_card
from training.data.folders import read_dataset
from training.measuring.prediction import open_model

PHOTOS = ["--photos", "8"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"), 40)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    return write_source(tmp_path_factory.mktemp("float"), graph(), photos)


def quantized(source: Path, photos: Path, to: Path, *options: str) -> int:
    return main(["quantize", str(source), str(photos), "--to", str(to), *PHOTOS, *options])


def test_the_service_serves_the_int8_bundle(
    source: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("## Limits\n\nOnly colours.\n")
    to = tmp_path / "colours" / "2"
    assert quantized(source, photos, to, "--card-notes", str(notes)) == 0
    loaded = bundle.load(to)
    metadata = loaded.metadata
    assert (metadata.version, metadata.temperature) == (2, 1.25)
    assert metadata.network is not None and metadata.network.arithmetic == "int8"
    found = metadata.metrics["quantization"]
    # Both classes are among the photos it is calibrated on, or this would be ten times as much.
    assert found["error"] < 0.1
    assert found["same_answer"] == 1
    assert set(found["outputs"]) == {"evidence", "typicality"}
    assert found["untypical"] == {"float32": 0, "int8": 0}
    assert found["float32"]["accuracy"]["value"] == found["int8"]["accuracy"]["value"]
    assert metadata.metrics["validation"]["model"] == "colours 2"
    card = (to / "README.md").read_text()
    assert "Computes in int8" in card and "Only colours." in card
    printed = capsys.readouterr().out
    assert "same answer for 100.0%" in printed and "Note:" not in printed
    assert printed.endswith(f"Serve it: SERVICE_MODELS={tmp_path} SERVICE_MODEL=colours make serve\n")


def test_the_authors_notes_stay_in_the_card(
    source: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noted = tmp_path / "float" / "colours" / "1"
    shutil.copytree(source, noted)
    classifier = open_model(noted)
    notes = "## Read this\n\nOnly colours.\n\n## How it was meant\n\nAs a test."
    (noted / "README.md").write_text(model_card(classifier.metadata, notes))
    assert quantized(noted, photos, tmp_path / "colours" / "2") == 0
    assert f"\n\n{notes}\n\n## How it was made" in (tmp_path / "colours" / "2" / "README.md").read_text()
    (noted / "README.md").write_text("# Written by hand\n")
    assert quantized(noted, photos, tmp_path / "colours" / "3") == 0
    assert "no notes are taken" in capsys.readouterr().out


def test_parts_are_measured_as_in_the_source(photos: Path, source: Path, tmp_path: Path) -> None:
    lit = tmp_path / "photos"
    shutil.copytree(photos, lit)
    rows = (lit / "labels.csv").read_text().splitlines()
    dark = [f"{row},{'dark' if 'blue' in row else 'bright'}" for row in rows[1:]]
    (lit / "labels.csv").write_text("\n".join([f"{rows[0]},light", *dark]) + "\n")
    model = onnx.load(source / "model.onnx")
    heldout = colours(40, seed=2)
    known = replace(heldout, columns={"light": np.where(heldout.labels == 0, "dark", "bright")})
    fingerprint = read_dataset(lit, 0.4, 1).facts().fingerprint
    measured = write(tmp_path / "float" / "colours" / "1", model, known, fingerprint, by=["light"])
    assert quantized(measured, lit, tmp_path / "colours" / "2") == 0
    found = bundle.load(tmp_path / "colours" / "2").metadata.metrics["validation"]["groups"]
    assert list(found) == ["light=bright", "light=dark"]
    assert found["light=dark"]["accuracy"]["value"] == 1


def test_a_temperature_at_its_bound_is_said_again(
    photos: Path, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fingerprint = open_model(source).metadata.dataset.fingerprint
    model = onnx.load(source / "model.onnx")
    loud = write(tmp_path / "colours" / "1", model, colours(20, seed=2), fingerprint, temperature=999.996)
    assert quantized(loud, photos, tmp_path / "colours" / "2") == 0
    assert "\nNote: The temperature is at its bound of 1000: " in capsys.readouterr().out


def test_golden_answers_are_those_of_the_int8_file(source: Path, photos: Path, tmp_path: Path) -> None:
    assert quantized(source, photos, tmp_path / "colours" / "2") == 0
    before, after = (
        json.loads((folder / "golden/answers.json").read_text())["answers"]
        for folder in (source, tmp_path / "colours" / "2")
    )
    assert [answer["file"] for answer in before] == [answer["file"] for answer in after]
    assert before != after
    bundle.load(tmp_path / "colours" / "2")


def test_a_costly_result_is_not_written(
    source: Path,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(gate, "SAME_ANSWER", 1.01)
    assert quantized(source, photos, tmp_path / "colours" / "2") == 1
    assert "Nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_int8_bundle_is_not_quantized_again(
    source: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert quantized(source, photos, tmp_path / "colours" / "2") == 0
    assert quantized(tmp_path / "colours" / "2", photos, tmp_path / "colours" / "3") == 2
    assert "which is int8" in capsys.readouterr().err


def test_other_classes_are_an_error(
    source: Path, tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_photos(tmp_path / "other", 8)
    (other / "red").rename(other / "green")
    (other / "labels.csv").unlink()
    assert quantized(source, other, tmp_path / "colours" / "2") == 2
    assert "Received also: green" in capsys.readouterr().err


def test_other_photos_are_an_error(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = write_photos(tmp_path / "other", 20, seed=7)
    assert quantized(source, other, tmp_path / "colours" / "2") == 2
    assert "Expected the training photos of the model" in capsys.readouterr().err
    assert not (tmp_path / "colours" / "2").exists()


@pytest.mark.parametrize("options", [["--photos", "0"], ["--float-layers", "-1"]])
def test_numbers_out_of_range_are_refused(
    source: Path, photos: Path, tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert quantized(source, photos, tmp_path / "colours" / "2", *options) == 2
    assert "Expected --photos from 1" in capsys.readouterr().err
