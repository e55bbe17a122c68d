"""Tiny real ONNX bundles, made on the spot: the mean colour of a picture decides."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from service.networks.classifier import Classifier
from service.networks.onnx_file import METADATA_KEY
from service.pictures.regions import read_whole

COLOURS = ("red", "green", "blue")


def metadata(name: str = "colours", version: int = 1, **changes: Any) -> dict[str, Any]:
    labels = [
        {
            "id": colour,
            "title": colour.title(),
            "description": f"Mostly {colour}.",
            "search": f"{colour} paint",
        }
        for colour in COLOURS
    ]
    document = {
        "name": name,
        "version": version,
        "labels": labels,
        "threshold": 0.5,
        "dataset": {"fingerprint": "0" * 64, "images": 3, "people": 3},
        "licence": "CC0-1.0",
    }
    return document | changes


def colour_model(document: dict[str, Any] | None, size: int = 32, sharpness: float = 0.05) -> onnx.ModelProto:
    weights = numpy_helper.from_array(np.eye(3, dtype=np.float32) * sharpness, "weights")
    axes = numpy_helper.from_array(np.array([1, 2], dtype=np.int64), "axes")
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", size, size, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3])],
        [weights, axes],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    if document is not None:
        helper.set_model_props(model, {METADATA_KEY: json.dumps(document)})
    return model


def explaining(document: dict[str, Any], size: int = 32) -> onnx.ModelProto:
    """The same model with `typicality`, the brightest channel's level 0..1, and its pixels as `evidence`."""
    model = colour_model(document, size)
    scale = numpy_helper.from_array(np.array(1 / 255, dtype=np.float32), "scale")
    last = numpy_helper.from_array(np.array([1], dtype=np.int64), "last")
    model.graph.initializer.extend([scale, last])
    model.graph.node.extend(
        [
            helper.make_node("ReduceMax", ["mean", "last"], ["brightest"], keepdims=0),
            helper.make_node("Mul", ["brightest", "scale"], ["typicality"]),
            helper.make_node("MatMul", ["float", "weights"], ["evidence"]),
        ]
    )
    model.graph.output.extend(
        [
            helper.make_tensor_value_info("typicality", TensorProto.FLOAT, ["N"]),
            helper.make_tensor_value_info("evidence", TensorProto.FLOAT, ["N", size, size, 3]),
        ]
    )
    return model


def write_bundle(
    models: Path,
    document: dict[str, Any] | None = None,
    size: int = 32,
    golden: Sequence[float] | None = None,
    sharpness: float = 0.05,
    explains: bool = False,
) -> Path:
    """Write `models/<name>/<version>/` with a golden photo; the answers are the model's own unless given."""
    document = document or metadata()
    model = explaining(document, size) if explains else colour_model(document, size, sharpness)
    folder: Path = models / document["name"] / str(document["version"])
    (folder / "golden").mkdir(parents=True)
    onnx.save(model, folder / "model.onnx")
    photo = folder / "golden" / "red.png"
    Image.new("RGB", (size, size), (200, 40, 40)).save(photo)
    if golden is None:
        pixels = read_whole(photo.read_bytes(), size)
        golden = Classifier(folder / "model.onnx").probabilities(pixels[None])[0].tolist()
    answers = {"answers": [{"file": "red.png", "probabilities": list(golden)}]}
    (folder / "golden" / "answers.json").write_text(json.dumps(answers))
    return folder
