"""Room for quiet channels where int8 ends.

One range covers all channels of an activation, and on VGG16 the loudest channel is a hundred times the
quietest. Between convolutions the sum over channels hides that. A float head that normalises each channel
does not: a quiet channel would reach it in two or three levels. So the last int8 convolutions give each
channel divided by its own reach, and a multiplication behind them, in float, gives it back: the same
function, because ReLU and MaxPool commute with positive factors (as in cross-layer equalisation, Nagel et al.
2019, with a layer that is not quantized in the second place).
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

from training.cost import Layer
from training.quantization.ranges import channel_statistics

PASSING = ("Relu", "MaxPool")


def spread(model: ModelProto, images: NDArray[np.uint8], layers: Collection[Layer]) -> ModelProto:
    """A copy of a float graph in which the channels of the last convolutions of `layers` reach alike."""
    copy = ModelProto()
    copy.CopyFrom(model)
    ends = {layer: _end(copy, layer) for layer in layers if layer.kind == "Conv"}
    inner = {layer.inputs for layer in layers}
    last = {layer: end for layer, end in ends.items() if not _feeds(copy, end, inner)}
    reach = channel_statistics(model, images, {end: True for end in last.values()}, "ReduceMax")
    for layer, end in last.items():
        _move(copy, layer, end, _factors(reach[end]))
    return copy


def _factors(reach: NDArray[np.float32]) -> NDArray[np.float32]:
    """What each channel is divided by `[C]`; the loudest by 1, silent ones too."""
    share = reach / (float(reach.max()) or 1.0)
    # The square root: a quiet channel gets ten times the levels and keeps room for photos that wake it.
    return np.where(share > 0, np.sqrt(share), 1).astype(np.float32)


def _end(model: ModelProto, layer: Layer) -> str:
    """The tensor behind a convolution and the ReLU and MaxPool that alone follow it."""
    name: str = next(node.output[0] for node in model.graph.node if node.name == layer.name)
    outputs = {value.name for value in model.graph.output}
    while True:
        users = _users(model, name)
        if name in outputs or len(users) != 1 or users[0].op_type not in PASSING:
            return name
        name = users[0].output[0]


def _feeds(model: ModelProto, name: str, inputs: Collection[str]) -> bool:
    return name in inputs or not _users(model, name)


def _users(model: ModelProto, name: str) -> list[NodeProto]:
    return [node for node in model.graph.node if name in node.input]


def _move(model: ModelProto, layer: Layer, end: str, factors: NDArray[np.float32]) -> None:
    """Divide the convolution's output channels by factors, and multiply by them behind `end`."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for name in filter(None, (layer.weights, layer.bias)):
        values = numpy_helper.to_array(constants[name])
        scaled = values / factors.reshape(-1, *[1] * (values.ndim - 1))
        constants[name].CopyFrom(numpy_helper.from_array(scaled, name))
    inside, constant = f"{end}/spread", f"{end}/reach"
    model.graph.initializer.append(numpy_helper.from_array(factors.reshape(1, -1, 1, 1), constant))
    index, producer = next((index, node) for index, node in enumerate(model.graph.node) if end in node.output)
    producer.output[list(producer.output).index(end)] = inside
    again = helper.make_node("Mul", [inside, constant], [end], name=f"{producer.name}/reach")
    model.graph.node.insert(index + 1, again)
