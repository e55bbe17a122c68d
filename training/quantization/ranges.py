"""What activations reach on calibration photos: ranges for uint8 to cover, and channel means."""

import contextlib
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod
from onnxruntime.quantization.calibrate import TensorsData, create_calibrator

from service.networks.classifier import INPUT
from training.data.photos import batches
from training.graph.cost import Layer
from training.graph.parity import open_session

METHODS: Final[dict[str, tuple[CalibrationMethod, dict[str, Any]]]] = {
    "min-max": (CalibrationMethod.MinMax, {}),
    "percentile": (CalibrationMethod.Percentile, {"percentile": 99.99, "symmetric": False}),
    "entropy": (CalibrationMethod.Entropy, {}),
}
"""Everything seen; all but the most extreme 0.01 %; the range that keeps most of the distribution."""
OPERATIONS: Final = ("Conv", "Gemm", "MatMul", "MaxPool", "Relu")


@dataclass(frozen=True)
class Observed:
    """Ranges of all activations by one method."""

    method: str
    ranges: TensorsData


class _Batches(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, images: NDArray[np.uint8]) -> None:
        self._batches = iter([images])

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}


def observe(model: ModelProto, images: NDArray[np.uint8], method: str) -> Observed:
    """Run pictures `[M, S, S, 3]` through a float graph and measure its activations by one of METHODS."""
    kind, options = METHODS[method]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = Path(folder) / "float.onnx"
        onnx.save(model, path)
        calibrator = create_calibrator(
            path,
            list(OPERATIONS),
            augmented_model_path=str(Path(folder) / "observed.onnx"),
            calibrate_method=kind,
            extra_options=options,
        )
        for batch in batches(images):
            calibrator.collect_data(_Batches(batch))
        return Observed(method, calibrator.compute_data())


def channel_means(
    model: ModelProto, images: NDArray[np.uint8], layers: Sequence[Layer]
) -> dict[str, NDArray[np.float32]]:
    """The mean of each channel of the layers' inputs over the pictures, by the tensor's name."""
    copy = ModelProto()
    copy.CopyFrom(model)
    convolved = {layer.inputs: layer.kind == "Conv" for layer in layers}
    for name, is_map in convolved.items():
        axes = [0, 2, 3] if is_map else [0]
        copy.graph.node.append(
            helper.make_node("ReduceMean", [name], [f"{name}/mean"], axes=axes, keepdims=0)
        )
        copy.graph.output.append(helper.make_tensor_value_info(f"{name}/mean", TensorProto.FLOAT, [None]))
    session = open_session(copy)
    sums = {name: np.zeros(1, dtype=np.float64) for name in convolved}
    for batch in batches(images):
        found = session.run([f"{name}/mean" for name in convolved], {INPUT: batch})
        for name, means in zip(convolved, found, strict=True):
            sums[name] = sums[name] + means * (len(batch) / len(images))
    return {name: total.astype(np.float32) for name, total in sums.items()}
