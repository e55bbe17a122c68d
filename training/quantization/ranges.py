"""What activations reach on calibration photos: ranges for uint8 to cover, and statistics of channels."""

import contextlib
import io
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod
from onnxruntime.quantization.calibrate import TensorsData, create_calibrator

from service.classifier import INPUT, session_options

METHODS: Final[dict[str, tuple[CalibrationMethod, dict[str, Any]]]] = {
    "min-max": (CalibrationMethod.MinMax, {}),
    "percentile": (CalibrationMethod.Percentile, {"percentile": 99.99, "symmetric": False}),
    "entropy": (CalibrationMethod.Entropy, {}),
}
"""Everything seen; all but the most extreme 0.01 %; the range that keeps most of the distribution."""
OPERATIONS: Final = ("Conv", "Gemm", "MatMul", "MaxPool", "Relu")
BATCH: Final = 8


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


def batches(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The pictures, a few at a time: all activations of a batch are in memory at once."""
    yield from np.split(images, range(BATCH, len(images), BATCH))


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


def channel_statistics(
    model: ModelProto, images: NDArray[np.uint8], tensors: Mapping[str, bool], operation: str
) -> dict[str, NDArray[np.float32]]:
    """`ReduceMean` or `ReduceMax` of each channel of some tensors over all pictures, by the tensor's name.

    `tensors` says of each whether it is a map `[N, C, H, W]`; the others are `[N, C]`.
    """
    if not tensors:
        return {}
    copy = ModelProto()
    copy.CopyFrom(model)
    for name, is_map in tensors.items():
        axes = [2, 3] if is_map else []
        copy.graph.node.append(_reduction(operation, name, axes))
        shape = [None, None] + [1] * len(axes)
        copy.graph.output.append(helper.make_tensor_value_info(f"{name}/statistic", TensorProto.FLOAT, shape))
    session: Any = onnxruntime.InferenceSession(
        copy.SerializeToString(), session_options(0), providers=["CPUExecutionProvider"]
    )
    wanted = [f"{name}/statistic" for name in tensors]
    parts = [session.run(wanted, {INPUT: batch}) for batch in batches(images)]
    rows = [np.concatenate(found) for found in zip(*parts, strict=True)]
    over_pictures = np.max if operation == "ReduceMax" else np.mean
    return {
        name: np.asarray(over_pictures(found.reshape(len(found), -1), axis=0), dtype=np.float32)
        for name, found in zip(tensors, rows, strict=True)
    }


def _reduction(operation: str, name: str, axes: list[int]) -> NodeProto:
    if not axes:
        return helper.make_node("Identity", [name], [f"{name}/statistic"])
    return helper.make_node(operation, [name], [f"{name}/statistic"], axes=axes, keepdims=1)
