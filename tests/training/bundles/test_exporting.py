"""A tiny network becomes a bundle that the service accepts, or nothing at all."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from service.errors import InvalidBundle
from service.networks import bundle
from service.networks.metadata import BundleMetadata, CropGeometry
from tests.training.tiny import SIZE, colours, trained
from training.bundles.bundling import Target, say_written
from training.bundles.exporting import Options, Trained, export
from training.errors import TrainingError
from training.graph.conversion import to_onnx
from training.graph.parity import ParityError
from training.graph.storage import TOLERANCE
from training.measuring.heldout import HeldOut
from training.network.calibration import coverage_threshold


@pytest.fixture(scope="module")
def run() -> Trained:
    return trained()


@pytest.fixture(scope="module")
def heldout() -> HeldOut:
    return colours(40, seed=2, mistakes=0.2)


@pytest.fixture(scope="module")
def folder(run: Trained, heldout: HeldOut, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "colours" / "3"
    options = Options(description="Tells colours apart.", notes="## Limits\n\nOnly two colours.")
    export(run, heldout, Target.parse(path), options)
    return path


@pytest.fixture(scope="module")
def metadata(folder: Path) -> BundleMetadata:
    return bundle.load(folder).metadata


def test_the_service_accepts_the_bundle(metadata: BundleMetadata) -> None:
    assert (metadata.name, metadata.version) == ("colours", 3)
    assert [label.title for label in metadata.labels] == ["Blue", "Red"]
    assert metadata.hyperparameters == {"size": SIZE}


def test_metrics_are_those_of_the_shipped_file(
    folder: Path, metadata: BundleMetadata, heldout: HeldOut
) -> None:
    answers = bundle.load(folder).classifier.probabilities(heldout.images)
    accuracy = (answers.argmax(axis=1) == heldout.labels).mean()
    assert metadata.metrics["validation"]["accuracy"]["value"] == pytest.approx(accuracy)
    assert metadata.metrics["validation"]["people"] == 20
    assert metadata.metrics["parity"]["images"] == 64
    assert metadata.metrics["storage"]["storage"] == "float16"
    assert 0 < metadata.threshold <= 1


@pytest.mark.parametrize("seed", [3, 5])
def test_the_threshold_is_that_of_the_shipped_file(run: Trained, tmp_path: Path, seed: int) -> None:
    """So that the photo at its edge, which rounded weights have moved, is still one that it is sure of."""
    heldout, target = colours(40, seed, mistakes=0.2), Target.parse(tmp_path / "colours" / "1")
    metadata = export(run, heldout, target, Options(storage="float16"))
    answers = bundle.load(target.folder).classifier.probabilities(heldout.images)
    sure = answers.max(axis=1) >= metadata.threshold
    assert metadata.threshold == coverage_threshold(answers.max(axis=1), heldout.people)
    assert metadata.metrics["calibration"]["threshold"] == metadata.threshold
    assert metadata.metrics["calibration"]["coverage"] == sure.mean() >= 0.9


def test_made_up_pictures_are_golden_by_default(folder: Path) -> None:
    answers = json.loads((folder / "golden" / "answers.json").read_text())["answers"]
    assert [answer["file"] for answer in answers] == ["1.png", "2.png", "3.png"]
    with Image.open(folder / "golden" / "1.png") as picture:
        assert picture.size == (SIZE, SIZE)


def test_the_card_tells_numbers_notes_and_licence(folder: Path, metadata: BundleMetadata) -> None:
    card = (folder / "README.md").read_text()
    assert card.startswith("# colours, version 3\n\nTells colours apart.\n")
    assert "40 validation photos of 20 people" in card
    assert "Only two colours." in card
    assert metadata.licence in card


def test_how_to_serve_is_said_where_the_service_does_not_look(
    folder: Path,
    metadata: BundleMetadata,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder.parent.parent)
    say_written(Path("colours/3"), metadata)
    said = capsys.readouterr().out.splitlines()
    assert said[1:] == ["Serve it: SERVICE_MODELS=. SERVICE_MODEL=colours make serve"]
    say_written(folder, metadata.model_copy(update={"crop": CropGeometry(scale=1.2, centre=0.5)}))
    assert "Serve it beside a copy of models/eye-locator: SERVICE_MODELS=" in capsys.readouterr().out
    (tmp_path / "models").symlink_to(folder.parent.parent)
    monkeypatch.chdir(tmp_path)
    say_written(Path("models/colours/3"), metadata)
    assert capsys.readouterr().out == "written: models/colours/3 (colours 3, 0.0 MB)\n"


def test_nothing_else_is_left_beside_the_bundle(folder: Path) -> None:
    assert [path.name for path in folder.parent.iterdir()] == ["3"]
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "golden", "model.onnx"]


def test_the_card_says_for_which_photos_it_is_less_often_right(
    run: Trained, heldout: HeldOut, tmp_path: Path
) -> None:
    classifier_right = run.network.predict(heldout.images, verbose=0).argmax(axis=1) == heldout.labels
    known = replace(heldout, columns={"light": np.where(classifier_right, "bright", "dark")})
    target = Target.parse(tmp_path / "colours" / "1")
    found = export(run, known, target, Options(by=["light"])).metrics["validation"]["groups"]
    assert {name: part["accuracy"]["value"] for name, part in found.items()} == {
        "light=bright": 1,
        "light=dark": 0,
    }
    wrong = int((~classifier_right).sum())
    assert (
        f"Less often right than elsewhere: light=dark (0% of {wrong} photos)."
        in (target.folder / "README.md").read_text()
    )


def test_the_card_says_how_good_it_is_where_raters_agreed(
    run: Trained, heldout: HeldOut, tmp_path: Path
) -> None:
    shares = np.where(np.arange(len(heldout.labels)) % 4 == 0, "less than 1", "1")
    target = Target.parse(tmp_path / "colours" / "1")
    export(run, replace(heldout, columns={"agreement": shares}), target, Options(by=["agreement"]))
    card = (target.folder / "README.md").read_text()
    assert f"- On the {(shares == '1').sum()} photos of " in card
    assert "people whose raters all agreed: accuracy " in card


def test_a_temperature_at_its_bound_is_said(
    run: Trained, heldout: HeldOut, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loud = keras.models.clone_model(run.network)
    *others, kernel, bias = run.network.get_weights()
    loud.set_weights([*others, 1e5 * kernel, 1e5 * bias])
    target = Target.parse(tmp_path / "colours" / "1")
    assert export(replace(run, network=loud), heldout, target, Options()).threshold > 0.8
    said = "The temperature is at its bound of 1000: the network is as sure of its mistakes"
    assert f"\nNote: {said}" in capsys.readouterr().out
    assert f"\n- {said}" in (target.folder / "README.md").read_text()


def test_a_column_that_nobody_knows_is_named(run: Trained, heldout: HeldOut, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there are none.*Received: light"):
        export(run, heldout, Target.parse(tmp_path / "colours" / "1"), Options(by=["light"]))
    assert list(tmp_path.iterdir()) == []


def test_golden_photos_are_stored_without_exif(run: Trained, heldout: HeldOut, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x9286] = "a private comment"
    Image.new("RGB", (90, 60), "red").save(photo, exif=exif)
    target = Target.parse(tmp_path / "colours" / "1")
    export(run, heldout, target, Options(golden=[photo]))
    (golden,) = (target.folder / "golden").glob("*.png")
    with Image.open(golden) as picture:
        assert not picture.getexif()
    assert b"private" not in golden.read_bytes()


def test_an_unreadable_golden_photo_is_named(run: Trained, heldout: HeldOut, tmp_path: Path) -> None:
    options = Options(golden=[tmp_path / "missing.jpg"])
    with pytest.raises(TrainingError, match="missing.jpg"):
        export(run, heldout, Target.parse(tmp_path / "colours" / "1"), options)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_disagrees_writes_nothing(
    run: Trained, heldout: HeldOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "training.bundles.exporting.to_onnx", lambda network, heat, _: to_onnx(network, 2 * heat)
    )
    with pytest.raises(ParityError, match="Nothing was written"):
        export(run, heldout, Target.parse(tmp_path / "colours" / "1"), Options())
    assert list(tmp_path.iterdir()) == []


def test_storage_that_costs_too_much_writes_nothing(
    run: Trained, heldout: HeldOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TOLERANCE, "int8", 1e-9)
    with pytest.raises(ParityError, match="int8 changes a probability"):
        export(run, heldout, Target.parse(tmp_path / "colours" / "1"), Options(storage="int8"))
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_that_the_service_refuses_is_not_written(
    run: Trained, heldout: HeldOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> None:
        raise InvalidBundle(f"{folder.name}: no")

    monkeypatch.setattr(bundle, "load", refuse)
    with pytest.raises(TrainingError, match="The service refuses this bundle: 1: no"):
        export(run, heldout, Target.parse(tmp_path / "colours" / "1"), Options())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["latest", "0", "1.5", "02", "٣"])
def test_a_version_is_a_positive_integer(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrainingError, match="the version from 1 up"):
        Target.parse(tmp_path / "colours" / name)


def test_a_name_is_one_the_service_can_have_in_an_address(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="Received: 'Not A Name'"):
        Target.parse(tmp_path / "Not A Name" / "1")


def test_a_version_is_never_overwritten(folder: Path) -> None:
    with pytest.raises(TrainingError, match="exists already"):
        Target.parse(folder)


def test_where_nothing_can_be_written_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "colours").write_text("a file in the way")
    with pytest.raises(TrainingError, match=r"folder for --to that can be written to.*Not a directory"):
        Target.parse(tmp_path / "colours" / "1")


def test_few_heldout_photos_are_enough(run: Trained, tmp_path: Path) -> None:
    one = colours(2)
    assert export(run, one, Target.parse(tmp_path / "colours" / "1"), Options()).version == 1


def test_large_float16_files_become_int8(
    run: Trained, heldout: HeldOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.bundles.exporting.SIZE_LIMIT", 1000)
    found = export(run, heldout, Target.parse(tmp_path / "colours" / "1"), Options())
    assert found.metrics["storage"]["storage"] == "int8"
    assert np.isfinite(found.metrics["storage"]["largest_difference"])
