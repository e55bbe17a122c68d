"""`training thin`: a smaller VGG16 for one kind of photo, which can be trained on like the whole one."""

from pathlib import Path

import keras
import numpy as np
import pytest

from service.networks import bundle
from tests.training import folders
from training.__main__ import main
from training.data.folders import read_dataset
from training.data.photos import load
from training.network import backbone
from training.network.runs import Run
from training.network.weight_files import Weights, first_channels, read_weights, write_npz

SIZE = 32
RECIPE = ["--size", str(SIZE), "--until", "block3", "--seed", "3"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders.splits(tmp_path_factory.mktemp("photos"), train=25, validation=6)


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first half of every layer's channels: an eighth of the time."""
    weights = backbone.load_weights()
    counts = [count // 2 for count in channels(weights)]
    path = tmp_path_factory.mktemp("half") / "half.npz"
    write_npz(first_channels(weights, counts), path)
    return path


@pytest.fixture(scope="module")
def base(data: Path, half: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("thinned") / "base.npz"
    assert thin(data, half, out) == 0
    return out


def thin(data: Path, weights: Path, out: Path) -> int:
    options = ["--weights", str(weights), "--residual", "0.05", *RECIPE]
    return main(["thin", str(data), "--out", str(out), *options])


def channels(weights: Weights, layers: int = 13) -> list[int]:
    return [len(bias) for name, bias in weights.items() if name.endswith("bias")][:layers]


def features(weights: Weights, data: Path) -> np.ndarray:
    photos = read_dataset(data).split("validation")
    network = backbone.build(SIZE, weights, "block3_pool")
    return np.asarray(network(load(photos, SIZE, None).astype(np.float32)))


def test_a_thinned_base_says_nearly_the_same_with_fewer_channels(base: Path, half: Path, data: Path) -> None:
    whole, thinned = read_weights(half), read_weights(base)
    before, after = channels(whole), channels(thinned)
    assert after[:6] != before[:6] and all(few <= many for few, many in zip(after, before, strict=True))
    # The last layer of the block keeps all its channels, and what is behind it still fits.
    assert after[6:] == before[6:]
    np.testing.assert_array_equal(thinned["block4_conv1/kernel"], whole["block4_conv1/kernel"])
    expected = features(whole, data).ravel()
    any_others = features(first_channels(whole, after), data).ravel()
    assert np.corrcoef(expected, features(thinned, data).ravel())[0, 1] > 0.9
    assert np.corrcoef(expected, any_others)[0, 1] < 0.8


def test_it_is_the_same_every_time(base: Path, half: Path, data: Path, tmp_path: Path) -> None:
    assert thin(data, half, tmp_path / "again.npz") == 0
    assert (tmp_path / "again.npz").read_bytes() == base.read_bytes()


def test_a_network_is_trained_on_it_and_served(
    base: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, to = tmp_path / "run", tmp_path / "models" / "colours" / "1"
    options = ["--weights", str(base), "--cache", str(tmp_path / "cache"), "--epochs", "4", *RECIPE]
    options += ["--head", "conv", "--heads", "2", "--hidden", "8", "--dropout", "0", "--best", "last"]
    assert main(["fit", str(data), "--out", str(run), *options]) == 0
    assert isinstance(Run.load(run).network(), keras.Model)
    assert main(["export", str(run), "--to", str(to)]) == 0
    network = bundle.load(to).metadata.network
    assert network is not None and network.base == "vgg16" and network.until == "block3_pool"
    assert network.channels == tuple(channels(read_weights(base), 7))
    assert "a thinned VGG16 (" in (to / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--residual", "0"], "--residual between 0 and 1"),
        (["--photos", "0"], "Expected --photos from 1"),
        (["--photos", "49"], "Expected 50 training photos or more"),
        (["--out", "base.h5"], "ends in .npz"),
        (["--size", "16"], "Expected size from 32"),
    ],
)
def test_options_out_of_range_are_named(
    data: Path, tmp_path: Path, options: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["thin", str(data), "--out", str(tmp_path / "base.npz"), *RECIPE, *options]) == 2
    assert expected in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_nothing_is_replaced_or_written_among_the_photos(
    base: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = base.read_bytes()
    assert main(["thin", str(data), "--out", str(base), *RECIPE]) == 2
    assert "--overwrite" in capsys.readouterr().err and base.read_bytes() == before
    assert main(["thin", str(data), "--out", str(data / "base.npz"), *RECIPE]) == 2
    assert "outside the photos" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told_before_anything_is_computed(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "runs").write_text("a file in the way")
    assert main(["thin", str(data), "--out", str(tmp_path / "runs" / "base.npz"), *RECIPE]) == 2
    printed = capsys.readouterr()
    assert "folder for --out that can be written to" in printed.err and printed.out == ""


def test_a_data_set_without_photos_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos" / "red").mkdir(parents=True)
    assert main(["thin", str(tmp_path / "photos"), "--out", str(tmp_path / "base.npz"), *RECIPE]) == 2
    assert str(tmp_path / "photos") in capsys.readouterr().err
