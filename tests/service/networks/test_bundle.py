import os
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from service.errors import InvalidBundle
from service.networks import bundle
from service.networks.bundle import Bundle
from service.networks.classifier import Classifier, Outputs
from tests.bundles import write_bundle


def test_load_verifies_and_digests(tmp_path: Path) -> None:
    loaded = bundle.load(write_bundle(tmp_path))
    assert loaded.metadata.name == "colours"
    assert len(loaded.sha256) == 64


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


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"answers": ', "all of it: Invalid JSON"),
        ("{}", "answers: Field required"),
        ('{"answers": [{"file": "red.png"}]}', "answers.0.probabilities: Field required"),
    ],
)
def test_golden_answers_that_are_none(tmp_path: Path, content: str, reason: str) -> None:
    folder = write_bundle(tmp_path)
    (folder / "golden" / "answers.json").write_text(content)
    with pytest.raises(InvalidBundle, match=f"golden/answers.json: {reason}"):
        bundle.load(folder)


def test_a_damaged_golden_photo(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path)
    (folder / "golden" / "red.png").write_bytes(b"")
    with pytest.raises(InvalidBundle, match="red.png: Expected the bytes of a picture"):
        bundle.load(folder)


@pytest.mark.parametrize("elsewhere", ["/dev/zero", "../../1/model.onnx", "a/../../b", r"red\u0000.png"])
def test_a_golden_photo_outside_of_the_bundle(tmp_path: Path, elsewhere: str) -> None:
    folder = write_bundle(tmp_path)
    answers = folder / "golden" / "answers.json"
    answers.write_text(answers.read_text().replace("red.png", elsewhere))
    with pytest.raises(InvalidBundle, match="expected the name of a file in its folder. Received: "):
        bundle.load(folder)


def test_a_golden_photo_that_is_a_device_behind_a_link(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path)
    answers = folder / "golden" / "answers.json"
    answers.write_text(answers.read_text().replace("red.png", "devices/null"))
    (folder / "golden" / "devices").symlink_to("/dev")
    with pytest.raises(InvalidBundle, match="expected the name of a file. Received: 'devices/null'"):
        bundle.load(folder)


def test_golden_photos_may_be_links(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path)
    (folder / "golden" / "red.png").rename(tmp_path / "stored")
    (folder / "golden" / "red.png").symlink_to(tmp_path / "stored")
    assert bundle.load(folder).metadata.name == "colours"


def test_a_model_that_fails_when_it_is_asked(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path)
    loaded = bundle.load(folder)

    class Broken(Classifier):
        def outputs(self, images: NDArray[np.uint8], evidence: bool = False) -> Outputs:
            raise RuntimeError("Non-zero status code\nwhile running a node")

    broken = Bundle(folder, Broken(folder / "model.onnx"), loaded.sha256)
    with pytest.raises(InvalidBundle, match=r"the model fails on red.png: Non-zero status code$"):
        bundle.verify_golden(broken)


@pytest.mark.parametrize("scale", [1.0, float("nan")])
def test_a_typicality_that_is_no_share(tmp_path: Path, scale: float) -> None:
    folder = write_bundle(tmp_path, explains=True)
    bundle.load(folder)
    model = onnx.load(folder / "model.onnx")
    of_255 = next(one for one in model.graph.initializer if one.name == "scale")
    of_255.CopyFrom(numpy_helper.from_array(np.array(scale, dtype=np.float32), "scale"))
    onnx.save(model, folder / "model.onnx")
    with pytest.raises(
        InvalidBundle, match=r"expected a typicality of 0 to 1 for red.png. Received: (200|nan).$"
    ):
        bundle.load(folder)


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
