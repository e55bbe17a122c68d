"""A run folder holds what its contract says, and `fit` speaks to people."""

import csv
import io
import json
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.bundles import write_bundle
from tests.training import folders
from tests.training.runs import fit, narrow
from training.__main__ import main
from training.commands.outputs import check_pictures
from training.data.folders import read_dataset
from training.measuring.heldout import HeldOut
from training.network.backbone import load_weights
from training.network.runs import Run
from training.network.weight_files import first_channels, write_npz

LONG = "a_class_of_more_than_twenty_letters"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = folders.splits(tmp_path_factory.mktemp("photos"), train=12, validation=6)
    (root / "train" / "red" / "broken.png").write_bytes(b"")
    return root


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The head, then block 5, on photos with one variation each."""
    out = tmp_path_factory.mktemp("runs") / "run"
    assert (
        fit(data, out, "--epochs", "4", "--augment", "1", "--unfreeze", "block5", "--fine-tune-epochs", "2")
        == 0
    )
    return out


def test_run_folder_is_complete(run: Path) -> None:
    names = ["config.json", "curves.png", "history.csv", "learned.txt", "metrics.json", "model.keras"]
    assert sorted(path.name for path in run.iterdir()) == [*names, "tensorboard", "validation.npz"]
    assert any("tfevents" in path.name for path in (run / "tensorboard").iterdir())
    with Image.open(run / "curves.png") as curves:
        assert curves.format == "PNG"
    check_pictures(run, ["curves.png"])  # known as ours by the other files


def test_history_has_a_row_per_epoch_of_both_stages(run: Path) -> None:
    with (run / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["number"], row["stage"]) for row in rows] == [
        (str(number), "head" if number < 5 else "fine-tuning") for number in range(1, 7)
    ]


def test_metrics_are_those_of_the_saved_network(run: Path, data: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text())
    kept = HeldOut.load(run / "validation.npz")
    answers = Run.load(run).probabilities(kept.images).argmax(axis=1)
    assert metrics["validation"]["accuracy"] == (answers == kept.labels).mean()
    assert metrics["validation"]["images"] == 12
    assert metrics["epochs"] == 6
    assert metrics["interrupted"] is False
    assert [item["file"] for item in metrics["skipped"]] == ["train/red/broken.png"]


def test_config_says_what_was_decided(run: Path, data: Path) -> None:
    config = Run.load(run).config
    assert config.hyperparameters.unfreeze == "block5"
    assert [label.id for label in config.labels] == ["green", "red"]
    assert config.dataset == read_dataset(data).facts()
    assert config.counts["train"] == {"green": 12, "red": 12}
    assert {"python", "keras"} <= set(config.tools)
    assert config.crop is None


def test_blocks_before_the_unlocked_one_keep_their_weights(run: Path) -> None:
    weights, network = narrow(), Run.load(run).network()
    kernel = network.get_layer("block4_conv3").get_weights()[0]
    np.testing.assert_array_equal(kernel, weights["block4_conv3/kernel"])


def test_head_and_base_may_learn_at_once(data: Path, tmp_path: Path) -> None:
    options = ["--until", "block4", "--unfreeze", "block4", "--fine-tune-from", "start"]
    options += ["--fine-tune-rate", "1e-3", "--schedule", "cosine", "--head", "gap"]
    assert fit(data, tmp_path / "run", "--epochs", "3", *options) == 0
    with (tmp_path / "run" / "history.csv").open(newline="") as file:
        assert [row["stage"] for row in csv.DictReader(file)] == ["head and base"] * 3
    weights, network = narrow(), Run.load(tmp_path / "run").network()
    kernels = {name: network.get_layer(name).get_weights()[0] for name in ("block3_conv3", "block4_conv3")}
    np.testing.assert_array_equal(kernels["block3_conv3"], weights["block3_conv3/kernel"])
    assert 1e-4 < np.abs(kernels["block4_conv3"] - weights["block4_conv3/kernel"]).max() < 0.05


def test_maps_too_large_for_float16_stay_finite_behind_the_unlocked_block(data: Path, tmp_path: Path) -> None:
    """The head is trained on what block 5 makes of the cached maps of block 4."""
    weights = first_channels(load_weights(), [16] * 13)
    for name in ("block5_conv2/kernel", "block5_conv3/kernel"):
        weights[name] = weights[name] * np.float32(1e4)
    write_npz(weights, tmp_path / "loud.npz")
    options = ["--epochs", "1", "--fine-tune-epochs", "1", "--unfreeze", "block5", "--head", "gap"]
    assert fit(data, tmp_path / "run", *options, "--weights", str(tmp_path / "loud.npz")) == 0
    with (tmp_path / "run" / "history.csv").open(newline="") as file:
        head = next(csv.DictReader(file))
    assert head["stage"] == "head"
    assert np.isfinite([float(head["loss"]), float(head["val_loss"])]).all()


def test_learning_at_once_needs_something_to_unlock(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(data, tmp_path / "run", "--fine-tune-from", "start") == 2
    assert "Expected --unfreeze with --fine-tune-from start" in capsys.readouterr().err


def test_a_finished_run_is_not_overwritten_by_accident(
    run: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit(data, run) == 2
    assert "There is a run in" in capsys.readouterr().err


def test_a_training_that_diverges_says_so(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    wild = ("--unfreeze", "block3", "--fine-tune-from", "start", "--fine-tune-rate", "1")
    assert fit(data, run, "--epochs", "1", "--batch", "4", *wild) == 0
    assert "Note: the training has diverged" in capsys.readouterr().out

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    metrics = json.loads((run / "metrics.json").read_text(), parse_constant=refuse)
    assert metrics["validation"]["loss"] is None
    assert metrics["best_epoch"]["val_loss"] is None
    assert main(["export", str(run), "--to", str(tmp_path / "models" / "wild" / "1")]) == 2
    assert "a network that has diverged" in capsys.readouterr().err


def export_damaged(run: Path, tmp_path: Path, name: str, content: bytes) -> Path:
    """The file in a copy of the run that has another content, for which the copy is not exported."""
    damaged = Path(shutil.copytree(run, tmp_path / "run"))
    (damaged / name).write_bytes(content)
    assert main(["export", str(damaged), "--to", str(tmp_path / "models" / "colour" / "1")]) == 2
    return damaged / name


@pytest.mark.parametrize("name", ["validation.npz", "model.keras"])
def test_a_damaged_file_of_a_run_is_one_line(
    run: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (run / name).read_bytes()
    damaged = export_damaged(run, tmp_path, name, whole[: len(whole) // 2])
    assert f"{damaged} (" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("config.json", b'{"labels":', "all of it: Invalid JSON: EOF while parsing a value"),
        ("config.json", b"{}", "hyperparameters: Field required"),
        ("model.keras", b"PK", "it is cut off, or another file"),
    ],
)
def test_what_is_wrong_with_a_file_of_a_run_is_said_in_one_line(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, reason: str
) -> None:
    export_damaged(run, tmp_path, name, content)
    said = capsys.readouterr().err
    assert reason in said and said.count("\n") == 1


def test_a_place_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = folders.classes(tmp_path / "photos")
    (tmp_path / "file").write_text("no folder")
    assert main(["split", str(data), str(tmp_path / "file" / "out")]) == 2
    assert "Not a directory" in capsys.readouterr().err


def test_what_is_there_in_place_of_a_run_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle, file, folder = write_bundle(tmp_path / "models"), tmp_path / "file", tmp_path / "folder"
    file.touch()
    (folder / "config.json").mkdir(parents=True)
    for path, said in (
        (tmp_path / "none", "nothing there"),
        (file, "a file"),
        (bundle, "an exported model (a bundle)"),
        (bundle.parent, "an exported model (a bundle)"),
        (tmp_path, "a folder without config.json"),
        (folder, "config.json, which cannot be read (Is a directory)"),
    ):
        assert main(["export", str(path), "--to", str(tmp_path / "new" / "1")]) == 2
        expected = f"Expected a run of `training fit` in {path}. Received: {said}.\n"
        assert capsys.readouterr().err == f"python -m training: {expected}"


def test_classes_that_differ_in_capitals_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "photos"
    folders.classes(data / "train", names=("grass", "sky"), count=2)
    folders.classes(data / "validation", names=("Grass", "Sky"), count=1, start=500)
    assert fit(data, tmp_path / "run", "--epochs", "1") == 2
    reason = (
        "a class without photos to train on: the one in train is called grass, which differs in capitals only"
    )
    printed = capsys.readouterr()
    assert f"  validation/Grass/0.png: {reason}\n" in printed.out
    assert (
        f"Received: none; 2 are left out, the first of them validation/Grass/0.png: {reason}." in printed.err
    )


def test_a_class_of_one_photo_leaves_none_to_validate_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `split` makes it of two photos of each class: one to train on and one to test on."""
    folders.classes(tmp_path / "photos" / "train", count=1)
    folders.classes(tmp_path / "photos" / "test", count=1, start=500)
    assert fit(tmp_path / "photos", tmp_path / "run") == 2
    said = "Expected photos to validate on. Received: none; no class has more than one person.\n"
    assert capsys.readouterr().err == f"python -m training: {said}"


@pytest.fixture(scope="module")
def mixed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of a class with a long name and of one that nobody is set aside of, and one in two classes."""
    mixed = Path(shutil.copytree(data, tmp_path_factory.mktemp("mixed") / "photos"))
    for split in ("train", "validation"):
        (mixed / split / "red").rename(mixed / split / LONG)
    shutil.copy(mixed / "train/green/0.png", mixed / "train" / LONG / "copy.png")
    folders.classes(mixed / "train", names=("blue",), count=2, start=5000)
    return mixed


@pytest.fixture(scope="module")
def said(mixed: Path) -> str:
    """What a training on them says, whose run has a space in its name."""
    with redirect_stdout(io.StringIO()) as said:
        assert fit(mixed, mixed.parent / "my run", "--epochs", "2", "--head", "gap") == 0
    return said.getvalue()


def test_report_names_numbers_and_files(said: str) -> None:
    assert f"train/{LONG}/broken.png: Expected the bytes of a picture. Received: an empty file." in said
    assert "Best of 2 epochs" in said
    assert "balanced accuracy" in said


def test_what_comes_next_can_be_pasted(said: str, mixed: Path) -> None:
    assert f"\n  python -m training evaluate '{mixed.parent}/my run' {mixed}\n" in said
    assert f"\n  python -m training export '{mixed.parent}/my run' --to " in said


def test_tables_are_aligned(said: str) -> None:
    lines = said.splitlines()
    for first, count in (("class", 5), ("  accuracy", 5)):
        start = next(number for number, line in enumerate(lines) if line.startswith(first))
        assert len({len(line) for line in lines[start : start + count]}) == 1
        assert any(LONG in line for line in lines[start : start + count])


def test_notes_are_of_what_may_be_wrong_and_of_nothing_else(said: str, mixed: Path) -> None:
    assert said.count("Note: ") == 2
    assert "Note: the same photo, byte for byte, in two classes, of which one has to be wrong:\n" in said
    assert f"\n  train/{LONG}/copy.png and train/green/0.png\n" in said
    assert f"\n  python -m training check {mixed} lists these" in said
    assert "Note: no validation photo of blue: " in said and "at least 2 people for each class." in said
