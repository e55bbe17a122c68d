import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from service import bundle
from service.bundle import Bundle
from service.classifier import Classifier, Probabilities
from service.errors import InvalidBundle
from tests.bundles import metadata, write_bundle


def test_the_highest_version_wins(tmp_path: Path) -> None:
    for version in (2, 10, 9):
        write_bundle(tmp_path, metadata(version=version))
    (tmp_path / "colours" / "11").mkdir()
    (tmp_path / "colours" / "backup").mkdir()
    assert bundle.versions(tmp_path / "colours") == [2, 9, 10]
    assert bundle.newest(tmp_path, "colours") == tmp_path / "colours" / "10"


def test_load_verifies_and_digests(tmp_path: Path) -> None:
    loaded = bundle.load(write_bundle(tmp_path))
    assert loaded.metadata.name == "colours"
    assert len(loaded.sha256) == 64


def test_names_of_all_bundles(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    write_bundle(tmp_path, metadata(name="another"))
    (tmp_path / "empty").mkdir()
    assert bundle.names(tmp_path) == ["another", "colours"]


def test_no_models_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match="Expected a folder of models"):
        bundle.names(tmp_path / "nowhere")


def test_no_such_model(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match="python -m training fit"):
        bundle.newest(tmp_path, "colours")


def test_a_name_that_does_not_match_its_folder(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path)
    moved = folder.rename(folder.parent / "7")
    with pytest.raises(
        InvalidBundle, match="expected the model 'colours' version 7. Received: 'colours' version 1"
    ):
        bundle.load(moved)


def test_a_wrong_golden_answer(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, golden=(0.2, 0.2, 0.6))
    with pytest.raises(InvalidBundle, match=r"the answer for red.png differs by 0\.\d+ \(tolerance 0.02\)"):
        bundle.load(folder)


def test_too_few_golden_probabilities(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path, golden=(0.4, 0.6))
    with pytest.raises(InvalidBundle, match="expected 3 probabilities for red.png"):
        bundle.load(folder)


def test_no_golden_answers(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path)
    (folder / "golden" / "answers.json").unlink()
    with pytest.raises(InvalidBundle, match="expected the golden answers"):
        bundle.load(folder)


def test_a_damaged_golden_photo(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path)
    (folder / "golden" / "red.png").write_bytes(b"")
    with pytest.raises(InvalidBundle, match="red.png: Expected the bytes of a picture"):
        bundle.load(folder)


def test_a_model_that_fails_when_it_is_asked(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path)
    loaded = bundle.load(folder)

    class Broken(Classifier):
        def probabilities(self, images: NDArray[np.uint8]) -> Probabilities:
            raise RuntimeError("Non-zero status code\nwhile running a node")

    broken = Bundle(folder, Broken(folder / "model.onnx"), loaded.sha256)
    with pytest.raises(InvalidBundle, match=r"the model fails on red.png: Non-zero status code$"):
        bundle.verify_golden(broken)


@pytest.mark.parametrize("place", ["model.onnx", "golden/answers.json", "golden/red.png", "weights.bin"])
def test_a_named_pipe_is_not_opened(tmp_path: Path, place: str) -> None:
    path = write_bundle(tmp_path) / place
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    refused = threading.Event()

    def load() -> None:
        with pytest.raises(InvalidBundle, match=f"{place}: expected a file"):
            bundle.load(tmp_path / "colours" / "1")
        refused.set()

    # Who opened it would wait for ever: for a writer.
    threading.Thread(target=load, daemon=True).start()
    assert refused.wait(10)


@pytest.mark.parametrize("closed", ["colours", "colours/1"])
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, closed: str) -> None:
    write_bundle(tmp_path)
    tmp_path.chmod(0o755)
    with closed_to_us(tmp_path / closed), pytest.raises(InvalidBundle, match="that this user may read"):
        bundle.newest(tmp_path, "colours")


@contextmanager
def closed_to_us(folder: Path) -> Iterator[None]:
    """Nobody may enter the folder meanwhile; root, who may enter any, steps down."""
    root = os.geteuid() == 0
    folder.chmod(0o000)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
