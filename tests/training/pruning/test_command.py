"""`training prune`: a bundle with fewer channels that the service accepts, or nothing at all."""

from pathlib import Path

import pytest

from service.networks import bundle
from tests.training.pruning.networks import CHANNELS, DIFFERENT, repetitive
from tests.training.quantization.networks import write_source
from tests.training.tiny import write_photos
from training.__main__ import main
from training.bundles import gate

PHOTOS = ["--photos", "8"]
RESIDUAL = ["--residual", "0.02"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"), 40)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    return write_source(tmp_path_factory.mktemp("float"), repetitive(), photos)


def pruned(source: Path, photos: Path, to: Path, *options: str) -> int:
    return main(["prune", str(source), str(photos), "--to", str(to), *PHOTOS, *RESIDUAL, *options])


def test_the_service_serves_the_pruned_bundle_in_float_and_in_int8(
    source: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "colours" / "2"
    assert pruned(source, photos, to) == 0
    printed = capsys.readouterr().out
    assert f"{DIFFERENT} of {CHANNELS} channels" in printed and "same answer for 100.0%" in printed
    metadata = bundle.load(to).metadata
    found = metadata.metrics["pruning"]
    assert list(found["channels"].values()) == [[CHANNELS, DIFFERENT]]
    assert metadata.network is not None and metadata.network.arithmetic == "float32"
    assert metadata.network.multiply_adds == found["multiply_adds"]["pruned"]
    assert found["multiply_adds"]["pruned"] < 0.55 * found["multiply_adds"]["whole"]
    assert found["error"] < 0.01
    assert metadata.metrics["validation"]["model"] == "colours 2"
    card = (to / "README.md").read_text()
    assert "- Pruned: " in card and "Weights stored as" not in card
    assert metadata.metrics["storage"] == {"storage": "float16"}
    again = ["quantize", str(to), str(photos), "--to", str(tmp_path / "colours" / "3"), *PHOTOS]
    assert main(again) == 0
    small = bundle.load(tmp_path / "colours" / "3").metadata
    assert small.metrics["pruning"] == found
    assert small.network is not None and small.network.arithmetic == "int8"
    assert "- Pruned: " in (tmp_path / "colours" / "3" / "README.md").read_text()


def test_a_costly_result_is_not_written(
    source: Path,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(gate, "SAME_ANSWER", 1.01)
    assert pruned(source, photos, tmp_path / "colours" / "2") == 1
    message = capsys.readouterr().err
    assert "Nothing was written. A smaller --residual" in message
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_needs_all_its_channels_is_not_written_again(
    source: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pruned(source, photos, tmp_path / "colours" / "2", "--residual", "1e-9") == 2
    assert "within --residual 1e-09. Received: none. Nothing was written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [["--photos", "0"], ["--residual", "0"], ["--residual", "1"]])
def test_numbers_out_of_range_are_refused(
    source: Path, photos: Path, tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert pruned(source, photos, tmp_path / "colours" / "2", *options) == 2
    assert "Expected --photos from 1 and --residual between" in capsys.readouterr().err
