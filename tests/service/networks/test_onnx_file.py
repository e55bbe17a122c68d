"""The metadata of an ONNX file are read without loading it, and no file can do harm by what it claims."""

from pathlib import Path

import onnx
import pytest

from service.networks.onnx_file import METADATA_KEY, properties
from tests.bundles import colour_model, metadata

ROOT = Path(__file__).parents[3]


def test_all_properties_are_found(tmp_path: Path) -> None:
    model = colour_model(metadata())
    onnx.helper.set_model_props(model, {METADATA_KEY: "x" * 300, "empty": "", "and": "größer"})
    onnx.save(model, tmp_path / "model.onnx")
    assert properties(tmp_path / "model.onnx") == {METADATA_KEY: "x" * 300, "empty": "", "and": "größer"}


def test_a_file_without_any_has_none(tmp_path: Path) -> None:
    onnx.save(colour_model(None), tmp_path / "model.onnx")
    assert properties(tmp_path / "model.onnx") == {}


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_they_are_those_that_onnx_finds(version: int) -> None:
    path = ROOT / "models" / "eye-shape" / str(version) / "model.onnx"
    known = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert known and properties(path) == known


@pytest.mark.parametrize(
    "content", [b"\x80", b"\xff" * 20, b"\x09" + bytes(8), b"\x72\x02\x0a\xff", b"\x72\x7f", b"{}"]
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(ValueError, match="Expected an ONNX file"):
        properties(tmp_path / "model.onnx")
