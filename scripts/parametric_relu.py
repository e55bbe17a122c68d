"""PRelu in operators for which ONNX Runtime has quick kernels.

Its PRelu goes through a picture number by number, and takes the features out of the blocks of channels in
which convolutions are computed: in the eye locator's networks both together took half of the time.
"""

import math
from typing import Final

import onnx
from onnx import shape_inference

from scripts.local_functions import function, inlined

LEAST: Final = 8000
"""Numbers in the features of a picture from which on it pays. Below, the four operators in place of one take
as long themselves, and a session with all of them takes half as long again to open."""
_DOMAIN: Final = "local"
_NAME: Final = "ParametricRelu"

# slope * x + (1 - slope) * Relu (x). A BatchNormalization is the product with a number for each channel that
# ONNX Runtime computes in blocks, and quickly where the processor has none.
_FUNCTION: Final = f"""
{_NAME} (x, slope) => (y) {{
    line = Constant <value_ints = [-1]> ()
    one = Constant <value = float {{1.0}}> ()
    slopes = Reshape (slope, line)
    rest = Sub (one, slopes)
    zeros = Sub (slopes, slopes)
    ones = Add (zeros, one)
    positive = Relu (x)
    upper = BatchNormalization <epsilon = 0.0> (positive, rest, zeros, zeros, ones)
    both = BatchNormalization <epsilon = 0.0> (x, slopes, zeros, zeros, ones)
    y = Add (both, upper)
}}"""


def with_quick_slopes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network without its larger PRelus; answers differ in the last digits of float32.

    Raises ValueError for features `[n, C, h, w]` of unknown size, and for slopes that are not one for each
    channel, `[1, C, 1, 1]`.
    """
    shapes = _shapes(model)
    for node in model.graph.node:
        if node.op_type != "PRelu":
            continue
        features, slopes = (shapes.get(name, []) for name in node.input)
        if len(features) != 4 or 0 in features[1:]:
            raise ValueError(f"{node.name}: expected features [n, C, h, w]. Received: {features}.")
        if slopes != [1, features[1], 1, 1]:
            raise ValueError(f"{node.name}: expected slopes [1, {features[1]}, 1, 1]. Received: {slopes}.")
        if math.prod(features[1:]) >= LEAST:
            node.op_type, node.domain = _NAME, _DOMAIN
    return inlined(model, [function(_DOMAIN, _FUNCTION)])


def _shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    """Of all tensors, by name; 0 stands for what is not known."""
    graph = shape_inference.infer_shapes(model).graph
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        shapes[value.name] = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
    return shapes
