"""Every training person is answered for once, by a network that never saw them."""

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest

from service.networks.metadata import Label
from tests.training import folders
from tests.training.runs import narrow_file
from training.__main__ import main
from training.checks.leakage import find_leaks
from training.data.dataset import Dataset, Photo
from training.data.folders import read_dataset
from training.errors import TrainingError
from training.learning.crossvalidation import deal
from training.network.runs import Run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Nine photos per class of people with three photos each; nobody changes them."""
    found = read_dataset(folders.splits(tmp_path_factory.mktemp("data") / "photos", train=9))
    photos = [replace(photo, person=f"{photo.label} {int(photo.path.stem) % 3}") for photo in found.photos]
    return replace(found, photos=tuple(photos))


Experiment = tuple[list[str], str]


@pytest.fixture(scope="module")
def experiment(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """A command that was run, its folder last, before and after its photos had the column; what it said."""
    place = tmp_path_factory.mktemp("experiment")
    photos = Path(shutil.copytree(data.root, place / "photos"))
    command = ["crossvalidate", str(photos), "--cache", str(place / "cache"), "--folds", "2", "--size", "32"]
    command += ["--epochs", "2", "--head", "conv", "--heads", "2", "--hidden", "4", "--until", "block3"]
    command += ["--augment", "1", "--variation", "strong", "--class-weights", "logits"]
    command += ["--schedule", "cosine", "--learning-rate", "1e-2", "--soft-labels", "agreement"]
    command += ["--weights", str(narrow_file(place)), "--out", str(place / "runs")]
    with redirect_stdout(io.StringIO()) as said, redirect_stderr(said):
        assert main(command) == 2
        (photos / "labels.csv").write_text("file,agreement\ntrain/red/0.png,0.75\n")
        assert main(command) == 0
    return command, said.getvalue()


def test_people_are_dealt_once_and_never_split(data: Dataset) -> None:
    folds = list(deal(data, 3, seed=1))
    answered = [photo.path for fold in folds for photo in fold.split("validation")]
    assert sorted(answered) == sorted(photo.path for photo in data.split("train"))
    for fold in folds:
        sides = [{photo.person for photo in fold.split(name)} for name in ("train", "validation")]
        assert not sides[0] & sides[1]
        assert fold.counts("validation") == {"green": 3, "red": 3}


def test_faces_of_one_photo_are_dealt_together(tmp_path: Path) -> None:
    for fold in deal(read_dataset(folders.faces(tmp_path / "faces")), 3, seed=1):
        assert not list(find_leaks(fold.photos, [str(photo.path) for photo in fold.photos], []))


def test_one_fold_is_refused(data: Dataset) -> None:
    with pytest.raises(TrainingError, match="Expected --folds 2 or more. Received: 1"):
        next(deal(data, 1, seed=1))


def test_classes_with_fewer_people_than_folds_are_named(data: Dataset, tmp_path: Path) -> None:
    alone = folders.photo(tmp_path / "blue" / "0.png", seed=7)
    people = ("ann", "ben", "cleo")
    blue = [Photo(alone, "blue", "train", person=name, digest=name) for name in people]
    for count, received, remedy in (
        (3, "blue with 3, green with 3, red with 3", "give --folds 3"),
        (2, "blue with 2, green with 3, red with 3", "give --folds 2"),
        (1, "blue with 1, green with 3, red with 3", "leave out blue"),
    ):
        labels = (Label(id="blue", title="Blue"), *data.labels)
        more = replace(data, labels=labels, photos=(*data.photos, *blue[:count]))
        with pytest.raises(TrainingError) as refused:
            next(deal(more, 4, seed=1))
        assert str(refused.value) == (
            "Expected 4 people or more of each class to train on, for 4 folds. "
            f"Received: {received}. Add photos of more people, or {remedy}."
        )


def test_a_fold_that_would_train_without_a_class_is_refused(data: Dataset) -> None:
    """Only two people have the class b, one of them with photos of another class as well."""
    shown = ("a", "aaa", "bcc", "ccc", "cc", "b" * 10, "a", "aa", "a", "aaa")
    photos = [
        Photo(Path(f"{person}-{number}"), label, "train", f"p{person}", digest=f"{person}-{number}")
        for person, labels in enumerate(shown)
        for number, label in enumerate(labels)
    ]
    rare = replace(data, labels=tuple(Label(id=name, title=name) for name in "abc"), photos=tuple(photos))
    with pytest.raises(TrainingError, match="in each of 2 folds. Received: one without b, whose people fell"):
        list(deal(rare, 2, seed=1))


def test_where_nobody_is_named_photos_are_counted(tmp_path: Path) -> None:
    found = read_dataset(folders.splits(tmp_path / "photos", train=3))
    with pytest.raises(
        TrainingError, match="Expected 5 different photos or more .*green with 3, red with 3. Add photos, or"
    ):
        next(deal(found, 5, seed=1))


def test_command_measures_a_recipe_and_leaves_the_runs(
    experiment: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    command, said = experiment
    out = Path(command[-1])
    assert "Expected a column agreement in labels.csv" in said
    assert "cross-validation on 18 train photos (" in said
    document = json.loads((out / "crossvalidation.json").read_text())
    assert sum(map(sum, document["confusion"])) == 18
    names = ["crossvalidation.json", "fold-1", "fold-2", "recipe.json"]
    assert sorted(path.name for path in out.iterdir()) == names
    # The folds' photos choose nothing, although the recipe leaves the choice to them.
    assert {Run.load(out / f"fold-{number}").config.hyperparameters.best for number in (1, 2)} == {"last"}
    assert main(command) == 2
    assert "--overwrite" in capsys.readouterr().err


def test_another_experiment_leaves_no_folds_of_the_one_before_and_a_refused_one_all(
    experiment: Experiment, data: Dataset, tmp_path: Path
) -> None:
    before = Path(experiment[0][-1])
    out = Path(shutil.copytree(before, tmp_path / "runs"))
    shutil.copytree(before / "fold-2", out / "fold-3")
    options = ["--cache", str(tmp_path / "cache"), "--size", "32", "--epochs", "1", "--head", "gap"]
    options += ["--weights", str(narrow_file(tmp_path))]
    command = ["crossvalidate", str(data.root), "--out", str(out), "--until", "block3", *options]
    for refused in (("--soft-labels", "agreement"), ("--by", "colour"), ("--folds", "1")):
        assert main([*command, *refused, "--overwrite"]) == 2
    assert Run.load(out / "fold-3").metrics["epochs"] == 2
    (out / "fold-3" / "notes.txt").write_text("mine")
    for name, config in (("fold-7", '{"model_type": "bert"}'), ("fold-mine", "")):
        (out / name).mkdir()
        text = config or (out / "fold-1" / "config.json").read_text()
        (out / name / "config.json").write_text(text)
    (out / "fold-8").symlink_to(out / "fold-mine")
    assert main([*command, "--folds", "2", "--overwrite"]) == 0
    names = ["fold-1", "fold-2", "fold-3", "fold-7", "fold-8", "fold-mine"]
    assert sorted(path.name for path in out.glob("fold-*")) == names
    assert [path.name for path in (out / "fold-3").iterdir()] == ["notes.txt"]
    assert Run.load(out / "fold-2").metrics["epochs"] == 1
    for name in ("fold-7", "fold-mine"):
        assert [path.name for path in (out / name).iterdir()] == ["config.json"]


def test_which_epoch_is_kept_is_no_choice(data: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    for command, said in (("crossvalidate", "unrecognized arguments: --best"), ("fit", "invalid choice")):
        with pytest.raises(SystemExit, match="2"):
            main([command, str(data.root), "--out", "runs", "--best", "worst"])
        assert said in capsys.readouterr().err


def test_a_folder_that_holds_anything_else_is_left_alone(
    data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    thesis = tmp_path / "mine" / "fold-1" / "report" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("mine")
    for options in ((), ("--overwrite",)):
        assert main(["crossvalidate", str(data.root), "--out", str(tmp_path / "mine"), *options]) == 2
        assert "Expected a new or empty folder for --out, or a run's" in capsys.readouterr().err
    assert thesis.read_text() == "mine"


def test_an_unknown_column_stops_before_anything_is_trained(
    data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["crossvalidate", str(data.root), "--out", str(tmp_path / "runs"), "--by", "colour"]) == 2
    assert "Received: colour" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
