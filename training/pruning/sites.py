"""Where in a graph channels can be taken away: between convolutions that follow each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, numpy_helper

from training.graph.nodes import fields_of, users_of

PASSING: Final = ("Relu", "MaxPool")
"""What may lie between: it treats every channel alone."""


@dataclass(frozen=True)
class Site:
    """A convolution whose channels convolutions look at."""

    layer: NodeProto
    """The convolution that makes the channels."""
    readers: tuple[NodeProto, ...]
    """The convolutions that get them, all with one window."""
    tensor: str
    """What the readers get: `[N, channels, H, W]`."""
    window: tuple[int, int]
    """Height and width of what the readers look at."""
    relu: bool
    """Whether a ReLU is all that gets the readers' sums."""
    only_read: bool
    """Whether something else looks at the channels too: all have to stay, though the readers may learn."""

    @property
    def name(self) -> str:
        """The layer's name, or where it has none that of what it makes."""
        return str(self.layer.name or self.layer.output[0])


def sites(model: ModelProto) -> list[Site]:
    """All such places of a graph with constant weights, in order."""
    users = users_of(model)
    constants = {tensor.name for tensor in model.graph.initializer}
    outputs = {value.name for value in model.graph.output}
    found = []
    for node in model.graph.node:
        if not _is_plain(node, constants):
            continue
        ends = list(_ends(node.output[0], users, outputs))
        plain = [(tensor, reader) for tensor, reader in ends if reader and _is_plain(reader, constants)]
        readers = tuple(reader for _, reader in plain)
        windows = {_same_window(reader) for reader in readers}
        tensors = {tensor for tensor, _ in plain}
        window = windows.pop() if len(windows) == 1 else None
        if window is not None and len(tensors) == 1:
            relu = all([user.op_type for user in users[reader.output[0]]] == ["Relu"] for reader in readers)
            found.append(Site(node, readers, tensors.pop(), window, relu, len(plain) < len(ends)))
    return found


def loudness(model: ModelProto, layer: NodeProto) -> NDArray[np.float64]:
    """How strongly the convolutions behind a convolution take each of its channels: squares of their weights.

    Norms in front of a head, which are a part of its weights, may take a quiet channel a hundred times as
    strongly as a loud one. All channels count alike where no convolution takes them.
    """
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    channels = constants[layer.input[1]].dims[0]
    total = np.zeros(channels)
    for _, reader in _ends(layer.output[0], users_of(model), {value.name for value in model.graph.output}):
        if reader is None or reader.input[1] not in constants:
            continue
        weights = numpy_helper.to_array(constants[reader.input[1]]).astype(np.float64)
        groups = channels // weights.shape[1]
        apart = np.square(weights).reshape(groups, -1, *weights.shape[1:])
        total += apart.sum(axis=(1, 3, 4)).ravel()
    return total if total.any() else np.ones(channels)


def _ends(
    tensor: str, users: dict[str, list[NodeProto]], outputs: set[str]
) -> Iterator[tuple[str, NodeProto | None]]:
    """The tensors that channels end in and who reads them; None for a reader that is no convolution."""
    if tensor in outputs or not users[tensor]:
        yield tensor, None
    for node in users[tensor]:
        if node.op_type in PASSING:
            yield from _ends(node.output[0], users, outputs)
        else:
            yield tensor, node if node.op_type == "Conv" and node.input[0] == tensor else None


def _is_plain(node: NodeProto, constants: set[str]) -> bool:
    """Whether a node is a convolution with constant weights that does not keep channels apart."""
    return (
        node.op_type == "Conv"
        and constants.issuperset(name for name in node.input[1:] if name)
        and fields_of(node).get("group", 1) == 1
    )


def _same_window(node: NodeProto) -> tuple[int, int] | None:
    """The window of a convolution that gives a map of the same size with zeros around it; None for others."""
    fields = fields_of(node)
    window = fields.get("kernel_shape", [])
    pads = fields.get("pads", [0] * 4)
    plain = all(set(fields.get(name, [1])) == {1} for name in ("strides", "dilations"))
    if len(window) != 2 or not plain or any(side % 2 == 0 for side in window):
        return None
    same = list(pads) == [side // 2 for side in window] * 2
    return (int(window[0]), int(window[1])) if same and not fields.get("auto_pad") else None
