"""Tiny bundles to quantize, made without Keras: an ONNX graph of two convolutions and a dense layer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from service.networks.metadata import BundleMetadata, DatasetFacts
from tests.training.tiny import COLOURS, LABELS, SIZE, colours
from training.bundles.bundling import Target, write_bundle
from training.data.folders import read_dataset
from training.graph.golden import synthetic
from training.graph.parity import run_onnx
from training.measuring.evaluation import Evaluation
from training.measuring.heldout import HeldOut
from training.measuring.metrics import score
from training.network.calibration import calibrate

WIDTH = 16


def graph(seed: int = 0) -> ModelProto:
    """Pictures to probabilities of blue and red, with `evidence` `[N, 8, 8, 2]` and `typicality` `[N]`.

    The first convolution takes the means of colours, the second mixes channels at random; nothing is trained.
    """
    random = np.random.default_rng(seed)
    first = random.normal(0, 0.05, (WIDTH, 3, 3, 3))
    first[0, 0] += 0.1  # red
    first[1, 2] += 0.1  # blue
    second = random.normal(0, 0.02, (WIDTH, WIDTH, 3, 3))
    second[0, 0] += 0.1
    second[1, 1] += 0.1
    dense = random.normal(0, 0.001, (WIDTH, 2))
    dense[0] += (-0.02, 0.02)
    dense[1] += (0.02, -0.02)
    weights = {
        "w1": first, "b1": np.zeros(WIDTH), "w2": second, "b2": random.normal(0, 1, WIDTH),
        "dense": dense, "offset": np.zeros(2),
    }  # fmt: skip
    node = helper.make_node
    nodes = [
        node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        node("Conv", ["planes", "w1", "b1"], ["c1"], name="block1_conv1", pads=[1, 1, 1, 1]),
        node("Relu", ["c1"], ["r1"], name="block1_conv1/Relu"),
        node("MaxPool", ["r1"], ["p1"], kernel_shape=[4, 4], strides=[4, 4]),
        node("Conv", ["p1", "w2", "b2"], ["c2"], name="block1_conv2", pads=[1, 1, 1, 1]),
        node("Relu", ["c2"], ["r2"]),
        node("ReduceMean", ["r2"], ["average"], axes=[2, 3], keepdims=0),
        node("Transpose", ["r2"], ["places"], perm=[0, 2, 3, 1]),
        node("MatMul", ["places", "dense"], ["evidence"]),
        node("MatMul", ["average", "dense"], ["product"]),
        node("Add", ["product", "offset"], ["logits"]),
        node("Softmax", ["logits"], ["probabilities"], axis=1),
        node("ReduceMax", ["probabilities"], ["typicality"], axes=[1], keepdims=0),
    ]
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        nodes,
        "colours",
        [value("image", TensorProto.UINT8, ["N", SIZE, SIZE, 3])],
        [
            value("probabilities", TensorProto.FLOAT, ["N", 2]),
            value("typicality", TensorProto.FLOAT, ["N"]),
            value("evidence", TensorProto.FLOAT, ["N", SIZE // 4, SIZE // 4, 2]),
        ],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()],
    )
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write(
    folder: Path,
    model: ModelProto,
    heldout: HeldOut,
    fingerprint: str = "0" * 64,
    by: Sequence[str] = (),
    temperature: float = 1.25,
) -> Path:
    """Write a graph as a bundle with what `training export` would say about it."""
    target = Target.parse(folder)
    answers = run_onnx(model, heldout.images, 8)
    scores = score(answers, heldout.labels, heldout.people, list(COLOURS))
    parts = heldout.score_parts(answers, list(COLOURS), by)
    calibration = calibrate(np.log(answers), heldout.labels, heldout.people)
    nothing = {"storage": "float32", "images": 1, "largest_difference": 0.0, "same_answer": 1.0}
    metadata = BundleMetadata(
        name=target.name,
        version=target.version,
        labels=LABELS,
        temperature=temperature,
        typicality_bound=0.5,
        metrics={
            "validation": Evaluation("colours", "validation", scores, parts).document(),
            "calibration": calibration.document(),
            "parity": nothing,
            "storage": nothing,
        },
        hyperparameters={"size": SIZE, "validation_share": 0.4, "seed": 1},
        dataset=DatasetFacts(fingerprint=fingerprint, images=2),
        licence="CC0",
    )
    write_bundle(model, metadata, target, list(synthetic(2, SIZE, seed=0)), "")
    return folder


def write_source(folder: Path, model: ModelProto, photos: Path) -> Path:
    """The same as version 1 of `colours`, as if it had been trained on a folder of photos."""
    fingerprint = read_dataset(photos, 0.4, 1).facts().fingerprint
    return write(folder / "colours" / "1", model, colours(20, seed=2, mistakes=0.2), fingerprint)
