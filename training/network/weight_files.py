"""The convolutions of a VGG16 in files: NPZ (this project's own), Keras `.h5` and `.keras`, and ONNX.

Whatever the file calls its layers, the 13 convolutions are taken in their order and given the names of Keras
Applications. Kernels are float32 `[3, 3, in, out]` (Keras' layout) for pictures in BGR order, biases float32
`[out]`. A layer may have fewer channels than VGG16's, if the next one takes as many
(training/pruning/base.py).
"""

import io
import re
import zipfile
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.errors import DAMAGED, TrainingError
from training.whole_files import whole_file

Weights = dict[str, NDArray[np.float32]]
"""`<layer>/kernel` and `<layer>/bias` of each convolution, in the order of the network."""

BLOCKS: Final = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and number of convolutions of each block of VGG16 (Simonyan & Zisserman 2014, column D)."""

CHANNELS: Final = tuple(filters for filters, convolutions in BLOCKS for _ in range(convolutions))
"""Filters of each convolution, in the order of the network."""

KINDS: Final = (".npz", ".h5", ".keras", ".onnx")
"""What files of weights end in."""
DOWNLOAD: Final = "imagenet"
"""In place of a file: Keras' download."""

Pair = tuple[NDArray[Any], NDArray[Any]]


def layer_names() -> list[str]:
    """`block1_conv1` ... `block5_conv3`, in the order of the network."""
    return [
        f"block{block}_conv{conv}"
        for block, (_, convs) in enumerate(BLOCKS, 1)
        for conv in range(1, convs + 1)
    ]


def read_weights(path: Path) -> Weights:
    """Read the convolutions of a VGG16 from an `.npz`, `.h5`, `.keras` or `.onnx` file.

    Raises TrainingError for a file that is missing, unreadable or of another network.
    """
    check_source(path)
    readers = {".npz": _read_npz, ".h5": _read_h5, ".keras": _read_keras, ".onnx": _read_onnx}
    try:
        pairs = readers[path.suffix.lower()](path)
    except DAMAGED as error:
        raise TrainingError(f"Cannot read VGG16 weights from {path}: {error}") from None
    return _named(pairs, path)


def is_file(source: str | Path | None) -> bool:
    """Whether weights are asked for in a file, and not as our copy or Keras' download."""
    return source is not None and str(source) not in ("", DOWNLOAD)


def check_source(source: str | Path | None) -> None:
    """Raise TrainingError where the file of weights that is asked for is not there, or of no known kind."""
    if source is None or not is_file(source):
        return
    path = Path(source)
    if path.suffix.lower() not in KINDS:
        raise TrainingError(f"Expected VGG16 weights as {', '.join(KINDS)}. Received: {path}")
    if not path.is_file():
        raise TrainingError(f"Expected a file of VGG16 weights. There is none at {path}")


def write_npz(weights: Weights, path: Path) -> None:
    """Store weights as float16, half the size for a loss far below one grey level of the input.

    A file that is there stays as it is until the new one is whole. Raises OSError, with the file, if it
    cannot be written.
    """
    halves: dict[str, Any] = {name: array.astype(np.float16) for name, array in weights.items()}
    with whole_file(path) as file:
        np.savez_compressed(file, **halves)


def first_channels(weights: Weights, counts: Iterable[int]) -> Weights:
    """So many of the first channels of each layer, all of those without a count: a network of that size.

    Each layer keeps the weights that it has beside the others, so that this says little about a picture.
    """
    narrow, before = dict(weights), 3
    for name, count in zip_longest(layer_names(), counts):
        kernel, bias = weights[f"{name}/kernel"], weights[f"{name}/bias"]
        narrow[f"{name}/kernel"], narrow[f"{name}/bias"] = kernel[:, :, :before, :count], bias[:count]
        before = len(narrow[f"{name}/bias"])
    return narrow


def _named(pairs: Iterable[Pair], path: Path) -> Weights:
    found = list(pairs)
    shapes = [kernel.shape for kernel, _ in found]
    if len(shapes) != len(CHANNELS) or not _fit(shapes):
        raise TrainingError(
            f"Expected the {len(CHANNELS)} convolutions of VGG16. Received: {len(shapes)} convolutions with "
            f"the kernels {shapes} in {path}"
        )
    weights: Weights = {}
    for name, (kernel, bias) in zip(layer_names(), found, strict=True):
        weights[f"{name}/kernel"] = kernel.astype(np.float32)
        weights[f"{name}/bias"] = bias.astype(np.float32)
    return weights


def _fit(shapes: Iterable[tuple[int, ...]]) -> bool:
    """Whether kernels of these shapes follow each other, none with more channels than VGG16 has there."""
    channels = 3
    for shape, filters in zip(shapes, CHANNELS, strict=True):
        if shape[:3] != (3, 3, channels) or not 1 <= shape[3] <= filters:
            return False
        channels = shape[3]
    return True


def _read_npz(path: Path) -> list[Pair]:
    with np.load(path, allow_pickle=False) as arrays:
        return [(arrays[f"{name}/kernel"], arrays[f"{name}/bias"]) for name in layer_names()]


def _read_h5(path: Path) -> list[Pair]:
    return _pairs_in_h5(path)


def _read_keras(path: Path) -> list[Pair]:
    with zipfile.ZipFile(path) as archive:
        return _pairs_in_h5(io.BytesIO(archive.read("model.weights.h5")))


def _pairs_in_h5(source: Path | io.BytesIO) -> list[Pair]:
    """Kernel and bias of every group that holds both; groups in natural order (`conv2d_2` < `conv2d_10`)."""
    import h5py

    groups: dict[str, dict[int, NDArray[Any]]] = {}

    def collect(name: str, item: object) -> None:
        # Optimizers keep moments of the same shapes beside the weights.
        if isinstance(item, h5py.Dataset) and "optimizer" not in name:
            groups.setdefault(name.rpartition("/")[0], {})[item.ndim] = item[()]

    with h5py.File(source, "r") as file:
        file.visititems(collect)
    return [(groups[name][4], groups[name][1]) for name in sorted(groups, key=_natural) if 4 in groups[name]]


def _natural(name: str) -> list[tuple[str, int]]:
    return [(word, int(digits or 0)) for word, digits in re.findall(r"(\D+)(\d*)", name)]


def _read_onnx(path: Path) -> list[Pair]:
    """Kernels of ONNX's `Conv` nodes are `[out, in, height, width]`; Keras wants them the other way round."""
    import onnx
    from onnx import numpy_helper

    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # protobuf's own error classes differ between its implementations
        raise TrainingError(f"Expected an ONNX file. Received: {path} ({error})") from None
    arrays = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    convolutions = [node.input for node in graph.node if node.op_type == "Conv"]
    if any(len(inputs) < 3 or inputs[1] not in arrays or inputs[2] not in arrays for inputs in convolutions):
        raise TrainingError(
            f"Expected convolutions with a constant kernel and bias. Received others in {path}"
        )
    return [(arrays[names[1]].transpose(2, 3, 1, 0), arrays[names[2]]) for names in convolutions]
