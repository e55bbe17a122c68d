import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest

from service.errors import InvalidBundle
from service.locator import bundle as locator_bundle
from service.networks.runtime import Runtime

LOCATOR = Path(__file__).parents[3] / "models/eye-locator/1"


NETWORKS = json.loads((LOCATOR / "locator.json").read_text())["networks"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "eye-locator" / "7"
    shutil.copytree(LOCATOR, copy)
    return copy


def change(folder: Path, golden: Any) -> None:
    document = json.loads((folder / "locator.json").read_text())
    (folder / "locator.json").write_text(json.dumps(document | {"golden": golden}))


def test_finds_its_golden_eyes(folder: Path) -> None:
    assert locator_bundle.load(folder, Runtime(1)).version == 7


def test_eyes_elsewhere_are_refused(folder: Path) -> None:
    golden = json.loads((folder / "locator.json").read_text())["golden"]
    golden["corners"]["right"][1][1] += 3
    change(folder, golden)
    with pytest.raises(InvalidBundle, match=r"portrait.jpg are off by 0\.1.* \(tolerance 0.05\)"):
        locator_bundle.load(folder, Runtime(1))


def test_a_golden_photo_without_a_face_is_refused(folder: Path) -> None:
    shutil.copy(LOCATOR.parents[2] / "tests/data/pictures/brick.jpg", folder / "golden/portrait.jpg")
    with pytest.raises(InvalidBundle, match="off by inf eye widths"):
        locator_bundle.load(folder, Runtime(1))


@pytest.mark.parametrize(
    "golden",
    [None, {}, [], {"file": "none.jpg", "corners": {}}, {"file": "golden/portrait.jpg", "corners": {}}],
)
def test_no_golden_answer_is_refused(folder: Path, golden: Any) -> None:
    change(folder, golden)
    with pytest.raises(InvalidBundle, match="expected a golden photo"):
        locator_bundle.load(folder, Runtime(1))


@pytest.mark.parametrize("elsewhere", ["/dev/zero", "../7/golden/portrait.jpg"])
def test_a_golden_photo_or_a_network_elsewhere_is_refused(folder: Path, elsewhere: str) -> None:
    path = folder / "locator.json"
    shipped = path.read_text()
    for name in ("golden/portrait.jpg", "mesh.onnx"):
        path.write_text(shipped.replace(name, elsewhere))
        with pytest.raises(InvalidBundle, match="expected the name of a file in its folder. Received: "):
            locator_bundle.load(folder, Runtime(1))


@pytest.mark.parametrize("text", ["", "[", "[" * 100_000, "1" * 5_000, "\udcff"])
def test_what_is_no_document_is_refused(folder: Path, text: str) -> None:
    (folder / "locator.json").write_text(text, errors="surrogateescape")
    with pytest.raises(InvalidBundle, match="expected the locator's JSON document"):
        locator_bundle.load(folder, Runtime(1))


def test_another_network_under_the_name_of_the_mesh_is_refused(folder: Path) -> None:
    shutil.copy(folder / "eye.onnx", folder / "mesh.onnx")
    with pytest.raises(InvalidBundle):
        locator_bundle.load(folder, Runtime(1))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_shipped_network_leaves_nothing_to_be_computed_before_the_picture_comes(
    name: str, tmp_path: Path
) -> None:
    path = LOCATOR / NETWORKS[name]["file"]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(tmp_path / path.name)
    onnxruntime.InferenceSession(str(path), options)
    assert len(onnx.load(path).graph.node) == len(onnx.load(tmp_path / path.name).graph.node)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_document_holds_the_digest_of_each_network(name: str) -> None:
    data = (LOCATOR / NETWORKS[name]["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == NETWORKS[name]["sha256"]
