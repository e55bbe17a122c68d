"""The whole path on tiny photos: train, evaluate, export, predict."""

import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from service.networks import bundle
from tests.training.runs import narrow_file
from tests.training.tiny import SIZE, colours, write_photos
from training.__main__ import main
from training.commands.export import heldout_photos
from training.graph.parity import ParityError
from training.look.network import Graph
from training.measuring.heldout import HeldOut
from training.network.assembly import part
from training.network.calibration import softmax
from training.network.run_folders import CONFIG, HELD_OUT, MODEL, TYPICALITY
from training.network.runs import Run
from training.network.typicality import Typicality
from training.reporting.report import Report
from training.reporting.subject import Subject


def command(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def reported(model: Path, data: Path | None = None) -> dict[str, Any]:
    """What a report on validation photos says in numbers; that its page is drawn is seen elsewhere."""
    return Report.of(Subject.of(model, data, "validation"), model, robustness=0).document()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"), 40)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return narrow_file(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def run(data: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "colours"
    recipe = ("--size", SIZE, "--head", "gap", "--epochs", 10, "--learning-rate", 0.02, "--weights", weights)
    assert command("fit", data, "--out", folder, "--cache", folder.parent / "cache", *recipe) == 0
    return folder


@pytest.fixture(scope="module")
def bundle_folder(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "colours" / "1"
    classes = folder.parent.parent / "classes.csv"
    classes.write_text("ID, Title ,search\nblue, Sky blue,blue paint\n")
    assert command("export", run, "--to", folder, "--storage", "int8", "--classes", classes) == 0
    return folder


def test_a_run_is_evaluated_into_its_folder(
    run: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("evaluate", run, data) == 0
    assert "Note" not in capsys.readouterr().out
    document = json.loads((run / "evaluation-validation.json").read_text())
    assert document["images"] == 8
    assert document["accuracy"]["value"] == 1
    assert (run / "confusion-validation.png").is_file()


def test_the_bundle_answers_like_the_run(run: Path, bundle_folder: Path) -> None:
    loaded = bundle.load(bundle_folder)
    photos = HeldOut.load(run / HELD_OUT)
    answers = loaded.classifier.probabilities(photos.images)
    logits = Run.load(run).network().predict(photos.images, verbose=0) / loaded.metadata.temperature
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(answers, odds / odds.sum(axis=1, keepdims=True), atol=0.05)
    assert loaded.metadata.hyperparameters["head"] == "gap"
    assert loaded.metadata.dataset.images == 32
    assert loaded.metadata.crop is None


def test_files_are_classified(bundle_folder: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("predict", bundle_folder, data, "--json") == 0
    answers = json.loads(capsys.readouterr().out)
    assert len(answers) == 40
    assert all(Path(answer["file"]).parent.name == answer["label"] for answer in answers)


def test_classes_may_be_described(bundle_folder: Path) -> None:
    first, second = bundle.load(bundle_folder).metadata.labels
    assert (first.id, first.title, first.search) == ("blue", "Sky blue", "blue paint")
    assert (second.id, second.title) == ("red", "Red")


def test_the_photos_kept_with_a_run_are_those_of_its_data(run: Path, data: Path) -> None:
    kept, read = (heldout_photos(run, Run.load(run).config, source) for source in (None, data))
    np.testing.assert_array_equal(kept.images, read.images)
    assert kept.labels.tolist() == read.labels.tolist()
    assert kept.people.tolist() == read.people.tolist()


def test_a_file_that_disagrees_is_exit_code_1(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def disagree(*arguments: object) -> None:
        raise ParityError("The ONNX graph does not agree.")

    monkeypatch.setattr("training.bundles.exporting.export", disagree)
    assert command("export", run, "--to", tmp_path / "colours" / "1") == 1
    assert capsys.readouterr().err.endswith("The ONNX graph does not agree.\n")


def test_a_description_of_an_unknown_class_is_an_error(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classes = tmp_path / "classes.csv"
    classes.write_text("id,title\ngreen,Green\n")
    assert command("export", run, "--to", tmp_path / "colours" / "1", "--classes", classes) == 2
    assert "Received also: ['green']" in capsys.readouterr().err
    classes.write_text("id,title\nblue,Sky\nblue,Sea\n")
    assert command("export", run, "--to", tmp_path / "colours" / "1", "--classes", classes) == 2
    assert f"{classes}. Received: blue in line 3, and in line 2 already" in capsys.readouterr().err
    classes.unlink()
    assert command("export", run, "--to", tmp_path / "colours" / "1", "--classes", classes) == 2
    assert f"Expected a table of the classes (CSV) at {classes}" in capsys.readouterr().err


def test_people_who_may_be_trained_on_are_not_calibrated_on(
    run: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grown = write_photos(tmp_path / "grown", 60)
    assert command("export", run, "--to", tmp_path / "colours" / "1", "--data", grown) == 2
    assert "Expected the training photos of the model" in capsys.readouterr().err


def test_a_report_on_test_photos_is_calibrated_on_validation_photos(
    run: Path, data: Path, tmp_path: Path
) -> None:
    held_back = tmp_path / "data"
    for photo in write_photos(tmp_path / "more", 12, seed=9).rglob("*.png"):
        target = held_back / "test" / photo.parent.name / photo.name
        target.parent.mkdir(parents=True, exist_ok=True)
        photo.rename(target)
    shutil.copytree(data, held_back / "train", ignore=shutil.ignore_patterns("*.csv"))
    options = ("--split", "test", "--out", tmp_path / "out", "--robustness", 0)
    assert command("report", run, held_back, *options) == 0
    test, validation = json.loads((tmp_path / "out" / "report.json").read_text()), reported(run, data)
    assert (test["images"], validation["images"]) == (12, 8)
    assert test["temperature"] == validation["temperature"]
    assert test["threshold"] == validation["threshold"]


def test_a_report_is_sure_of_what_the_exported_model_is_sure_of(
    run: Path, data: Path, tmp_path: Path
) -> None:
    """On a run that has learned what blue photos are like, so that red ones are untypical."""
    known, folder = tmp_path / "run", tmp_path / "models" / "colours" / "1"
    shutil.copytree(run, known)
    network, lesson = Run.load(run).network(), colours(120)
    images = lesson.images[lesson.labels == 0]
    maps = part(network, network.layers[0].name, "block5_pool").predict(images, verbose=0)
    typicality = Typicality.of(maps, np.arange(len(images)).astype(str))
    assert typicality is not None
    typicality.save(known / TYPICALITY)
    assert command("export", known, "--to", folder, "--storage", "float32") == 0
    expected = bundle.load(folder).metadata.metrics["calibration"]["coverage"]
    assert 0 < expected <= 0.5
    for model in (known, folder):
        assert reported(model, data)["coverage"] == expected


def test_a_report_calibrates_a_far_too_confident_run_as_export_does(run: Path, tmp_path: Path) -> None:
    """Logits that are so far apart that the smaller probability is none in float32."""
    loud, folder = tmp_path / "run", tmp_path / "models" / "colours" / "1"
    shutil.copytree(run, loud)
    image = keras.Input((SIZE, SIZE, 3), name="image", dtype="float32")
    head = keras.layers.Dense(2, use_bias=False)
    network = keras.Model(image, head(keras.layers.GlobalAveragePooling2D()(image)))
    head.set_weights([np.array([[-1.0, 0], [0, 0], [1, 0]], dtype=np.float32)])
    network.save(loud / MODEL)
    # Logits 45 apart and right, but for four photos: 2 apart, and three of them wrong.
    levels = np.array([163, 73] * 8 + [120] * 4)
    labels = np.array([0, 1] * 8 + [0, 1, 1, 1])
    images = np.full((20, SIZE, SIZE, 3), 118, dtype=np.uint8)
    images[..., 2] = levels[:, None, None]
    HeldOut(images, labels, np.arange(20).astype(str)).save(loud / HELD_OUT)
    assert command("export", loud, "--to", folder, "--storage", "float32") == 0
    exported, report = bundle.load(folder).metadata, reported(loud)
    assert 1 < exported.temperature < 9.9 and exported.threshold < 0.9
    assert report["temperature"] == pytest.approx(exported.temperature, abs=1e-3)
    assert report["threshold"] == pytest.approx(exported.threshold, abs=1e-3)


def test_nothing_of_an_earlier_run_is_left_beside_the_new_one(
    run: Path, data: Path, weights: Path, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "run")
    assert command("evaluate", tmp_path / "run", data) == 0
    (tmp_path / "run" / "mine.txt").write_text("a note of the user's")
    options = ("--size", SIZE, "--head", "gap", "--epochs", 1, "--weights", weights, "--overwrite")
    assert command("fit", data, "--out", tmp_path / "run", "--cache", run.parent / "cache", *options) == 0
    assert Run.load(tmp_path / "run").metrics["epochs"] == 1
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert not {name for name in names if name.startswith(("evaluation", "confusion"))}
    assert "mine.txt" in names


def test_several_runs_are_averaged(run: Path, data: Path, weights: Path, tmp_path: Path) -> None:
    recipe = ("--size", SIZE, "--head", "gap", "--epochs", 2, "--learning-rate", 0.01, "--unfreeze", "block5")
    other, folder = tmp_path / "other", tmp_path / "models" / "colours" / "1"
    options = ("--fine-tune-from", "start", "--fine-tune-rate", 1e-4, "--cache", tmp_path / "cache")
    assert command("fit", data, "--out", other, "--weights", weights, *recipe, *options) == 0
    assert command("export", run, other, "--to", folder, "--storage", "float32") == 0
    loaded = bundle.load(folder)
    photos = HeldOut.load(run / HELD_OUT).images
    logits = np.mean([Run.load(one).network().predict(photos, verbose=0) for one in (run, other)], axis=0)
    expected = softmax(logits, loaded.metadata.temperature)
    outputs = loaded.classifier.outputs(photos, evidence=True)
    np.testing.assert_allclose(outputs.probabilities, expected, atol=1e-4)
    assert outputs.evidence is not None
    assert loaded.metadata.hyperparameters["averaged_with"][0]["unfreeze"] == "block5"
    assert "unfreeze block5" in (folder / "README.md").read_text(encoding="utf-8")
    # Blocks 1 to 4 are locked in both runs: 10 convolutions for both, 3 for each.
    steps = Graph.load(folder / "model.onnx").steps()
    convolutions = [step.name for step in steps if step.kind == "conv"]
    assert len(convolutions) == 16
    assert [name for name in convolutions if name.startswith("run2_")] == [
        f"run2_block5_conv{number}" for number in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("what", "place", "value"),
    [
        ("training photos", ("dataset", "fingerprint"), "0" * 64),
        ("last block", ("hyperparameters", "until"), "block4"),
        ("size", ("hyperparameters", "size"), 48),
    ],
)
def test_runs_of_something_else_are_not_averaged(
    run: Path,
    tmp_path: Path,
    what: str,
    place: tuple[str, str],
    value: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = Path(shutil.copytree(run, tmp_path / "other"))
    config = json.loads((other / CONFIG).read_text())
    group, name = place
    before, config[group][name] = config[group][name], value
    (other / CONFIG).write_text(json.dumps(config))
    assert command("export", run, other, "--to", tmp_path / "colours" / "1") == 2
    said = f"Expected runs with the same {what}. Received: {before} in {run}, {value} in {other}."
    assert said in capsys.readouterr().err
