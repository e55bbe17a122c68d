"""Make the bundle `models/eye-locator/1/` from MediaPipe's face networks (Apache 2.0).

    python -m scripts.make_eye_locator SOURCE [--to models/eye-locator/1] [--golden examples/portrait.jpg]

SOURCE is the wheel of mediapipe 0.10.21 or the folder of the installed package. The TensorFlow Lite files in
it become ONNX files that take uint8 pictures and answer in shares of the picture: scaling, anchors and
thresholding functions are nodes of the graphs. `locator.json` keeps sizes, sources and digests.
"""

import argparse
import hashlib
import json
import re
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import compose, helper, numpy_helper, parser

from scripts.local_functions import OPSET
from scripts.mediapipe_operators import with_standard_operators
from scripts.parametric_relu import with_quick_slopes
from scripts.tflite_sparsity import densified
from service.locator.bundle import golden_corners
from service.locator.eyes import EyeLocator
from service.pictures.images import decode
from training.console import say
from training.graph.canonical import canonical

SOURCES: Final = {
    "faces-near": "face_detection/face_detection_short_range.tflite",
    "faces-far": "face_detection/face_detection_full_range_sparse.tflite",
    "mesh": "face_landmark/face_landmark_with_attention.tflite",
    "eye": "iris_landmark/iris_landmark.tflite",
}
# Feature map sizes and anchors per cell, in the order of the network's outputs.
ANCHORS: Final = {"faces-near": ((16, 2), (8, 6)), "faces-far": ((48, 1),)}
_NUMBERS: Final = re.compile(r"__\d+")
"""What tf2onnx adds to names, and counts anew each time."""
SEVERAL: Final = "n"
"""The axis of a network that looks at several pictures at once."""
_HEADER = f'<ir_version: 8, opset_import: ["" : {OPSET}]>'


def main(argv: list[str] | None = None) -> int:
    """Convert every network; returns the exit code."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("source", type=Path, help="wheel of mediapipe 0.10.21 or its installed folder")
    arguments.add_argument("--to", type=Path, default=Path("models/eye-locator/1"), help="the bundle folder")
    arguments.add_argument(
        "--golden", type=Path, default=Path("examples/portrait.jpg"), help="photo of a face"
    )
    options = arguments.parse_args(argv)
    options.to.mkdir(parents=True, exist_ok=True)
    networks = {}
    for name, member in SOURCES.items():
        data = _read(options.source, member)
        model = _finished(name, _converted(name, data))
        path = options.to / f"{name}.onnx"
        onnx.save(model, path)
        networks[name] = {
            "file": path.name,
            "size": model.graph.input[0].type.tensor_type.shape.dim[1].dim_value,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "source": f"mediapipe/modules/{member}",
            "source_sha256": hashlib.sha256(data).hexdigest(),
        }
        say(f"{path}: {path.stat().st_size:,} bytes")
    document = {"schema_version": 1, "name": "eye-locator", "version": 1, "licence": "Apache-2.0"}
    _write(options.to, {**document, "networks": networks})
    _write(options.to, {**document, "networks": networks, "golden": _golden(options.to, options.golden)})
    return 0


def _write(bundle: Path, document: dict[str, Any]) -> None:
    (bundle / "locator.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _golden(bundle: Path, photo: Path) -> dict[str, Any]:
    """Where the new locator finds the eyes of a photo, which is copied into the bundle."""
    copy = bundle / "golden" / photo.name
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes(photo.read_bytes())
    (face,) = EyeLocator(bundle).locate(decode(copy.read_bytes()).pixels)
    return {"file": f"golden/{copy.name}", "corners": golden_corners(face)}


def _read(source: Path, member: str) -> bytes:
    if source.is_dir():
        return (source / "modules" / member).read_bytes()
    with zipfile.ZipFile(source) as wheel:
        return wheel.read(f"mediapipe/modules/{member}")


def _converted(name: str, data: bytes) -> onnx.ModelProto:
    import tf2onnx.convert

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.tflite"
        path.write_bytes(densified(data))
        model: onnx.ModelProto = tf2onnx.convert.from_tflite(str(path), opset=OPSET)[0]
    model.ir_version = 8
    del model.opset_import[1:]
    return with_standard_operators(model)


def _finished(name: str, core: onnx.ModelProto) -> onnx.ModelProto:
    size = core.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    core = compose.add_prefix(core, "core/")
    if name == "eye":
        _take_several(core)
    if name in ANCHORS:
        model = _with_scaled_input(core, size, scale=2 / 255, offset=-1.0)
        model = _with_boxes(model, _anchors(ANCHORS[name]), size)
    else:
        model = _with_scaled_input(core, size, scale=1 / 255, offset=0.0)
        model = _append(model, _MESH if name == "mesh" else _EYE)
    model = _folded(with_quick_slopes(_folded(model)))
    model.graph.name = f"eye-locator/{name}"
    model.producer_name, model.doc_string = "make_eye_locator", "From MediaPipe 0.10.21, Apache 2.0."
    onnx.checker.check_model(model)
    return model


def _take_several(core: onnx.ModelProto) -> None:
    """Let a network answer for any number of pictures."""
    for value in (*core.graph.input, *core.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = SEVERAL
    core.graph.ClearField("value_info")
    shapes = {node.input[1] for node in core.graph.node if node.op_type == "Reshape"}
    for tensor in core.graph.initializer:
        if tensor.name in shapes:
            shape = numpy_helper.to_array(tensor).copy()
            assert shape[0] == 1
            shape[0] = 0  # as many as there are
            tensor.CopyFrom(numpy_helper.from_array(shape, tensor.name))


def _with_scaled_input(core: onnx.ModelProto, size: int, scale: float, offset: float) -> onnx.ModelProto:
    first_axis = core.graph.input[0].type.tensor_type.shape.dim[0]
    count = first_axis.dim_param or first_axis.dim_value
    first = parser.parse_model(f"""{_HEADER}
        scaling (uint8[{count}, {size}, {size}, 3] picture) => (float[{count}, {size}, {size}, 3] scaled) {{
            levels = Cast <to = 1> (picture)
            factor = Constant <value = float {{{scale!r}}}> ()
            lowest = Constant <value = float {{{offset!r}}}> ()
            stretched = Mul (levels, factor)
            scaled = Add (stretched, lowest)
        }}""")
    return compose.merge_models(first, core, io_map=[("scaled", core.graph.input[0].name)])


def _anchors(layers: tuple[tuple[int, int], ...]) -> NDArray[np.float32]:
    """Centres of the anchors as shares of the picture, `[N, 2]`; all have the size 1 (SSD, 2016)."""
    rows = []
    for cells, per_cell in layers:
        line = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(line, line, indexing="ij")
        rows.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(rows).astype(np.float32)


def _with_boxes(model: onnx.ModelProto, anchors: NDArray[np.float32], size: int) -> onnx.ModelProto:
    count = len(anchors)
    raw, logits = _detector_outputs(model)
    last = parser.parse_model(f"""{_HEADER}
        decoding (float[1, {count}, 16] raw, float[1, {count}, 1] logits, float[{count}, 16] anchors)
            => (float[{count}, 16] boxes, float[{count}] scores) {{
            size = Constant <value = float {{{float(size)!r}}}> ()
            rows = Constant <value_ints = [{count}, 16]> ()
            flat = Constant <value_ints = [{count}]> ()
            moves = Reshape (raw, rows)
            shares = Div (moves, size)
            boxes = Add (shares, anchors)
            line = Reshape (logits, flat)
            scores = Sigmoid (line)
        }}""")
    shift = np.tile(anchors, 8)
    shift[:, 2:4] = 0.0  # width and height are no positions
    last.graph.initializer.append(numpy_helper.from_array(shift, "anchors"))
    del last.graph.input[2]
    return compose.merge_models(model, last, io_map=[(raw, "raw"), (logits, "logits")])


def _detector_outputs(model: onnx.ModelProto) -> tuple[str, str]:
    widths = {o.type.tensor_type.shape.dim[2].dim_value: o.name for o in model.graph.output}
    return widths[16], widths[1]


# In MediaPipe's files "left" is the left side of the picture; ours is the person's own.
_MESH: Final = (
    {
        "core/output_mesh_identity": "mesh_raw",
        "core/output_left_eye": "right_raw",
        "core/output_right_eye": "left_raw",
        "core/output_left_iris": "right_iris_raw",
        "core/output_right_iris": "left_iris_raw",
        "core/conv_faceflag": "flag",
    },
    """
    answers (float[1, 1, 1, 1404] mesh_raw, float[1, 1, 1, 142] right_raw, float[1, 1, 1, 142] left_raw,
             float[1, 1, 1, 10] right_iris_raw, float[1, 1, 1, 10] left_iris_raw, float[1, 1, 1, 1] flag)
        => (float[468, 3] mesh, float[71, 2] right_eye, float[71, 2] left_eye, float[5, 2] right_iris,
            float[5, 2] left_iris, float[1] presence) {
        size = Constant <value = float {192.0}> ()
        triples = Constant <value_ints = [468, 3]> ()
        pairs = Constant <value_ints = [-1, 2]> ()
        single = Constant <value_ints = [1]> ()
        mesh_points = Reshape (mesh_raw, triples)
        right_points = Reshape (right_raw, pairs)
        left_points = Reshape (left_raw, pairs)
        right_iris_points = Reshape (right_iris_raw, pairs)
        left_iris_points = Reshape (left_iris_raw, pairs)
        logit = Reshape (flag, single)
        mesh = Div (mesh_points, size)
        right_eye = Div (right_points, size)
        left_eye = Div (left_points, size)
        right_iris = Div (right_iris_points, size)
        left_iris = Div (left_iris_points, size)
        presence = Sigmoid (logit)
    }""",
)
_EYE: Final = (
    {"core/output_eyes_contours_and_brows": "contour_raw", "core/output_iris": "iris_raw"},
    f"""
    answers (float[{SEVERAL}, 213] contour_raw, float[{SEVERAL}, 15] iris_raw)
        => (float[{SEVERAL}, 71, 3] contour, float[{SEVERAL}, 5, 3] iris) {{
        size = Constant <value = float {{64.0}}> ()
        of_contour = Constant <value_ints = [-1, 71, 3]> ()
        of_iris = Constant <value_ints = [-1, 5, 3]> ()
        contour_points = Reshape (contour_raw, of_contour)
        iris_points = Reshape (iris_raw, of_iris)
        contour = Div (contour_points, size)
        iris = Div (iris_points, size)
    }}""",
)


def _append(model: onnx.ModelProto, ending: tuple[dict[str, str], str]) -> onnx.ModelProto:
    """Add the last nodes; their outputs are the only ones."""
    connections, text = ending
    last = parser.parse_model(_HEADER + text)
    outputs = [value.name for value in last.graph.output]
    return compose.merge_models(model, last, io_map=list(connections.items()), outputs=outputs)


def _folded(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model with everything computed that does not depend on the picture.

    ONNX Runtime would do it at every start: a third of the time that loading takes.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "folded.onnx"
        options = onnxruntime.SessionOptions()
        # Its basic level knows nothing of the processor; the others write for the one that they run on.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        folded = onnx.load(path)
    del folded.opset_import[:]  # it lists every set of operators that it knows
    folded.opset_import.append(helper.make_opsetid("", OPSET))
    for node in folded.graph.node:
        node.name = _NUMBERS.sub("", node.name)
    return canonical(folded)


if __name__ == "__main__":
    sys.exit(main())
