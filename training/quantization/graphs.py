"""The float graph made ready for quantization, and the quantized graph (QDQ) that comes out."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from training.graph.cost import Layer, layers
from training.graph.storage import output_axis, restore, store
from training.quantization.ranges import OPERATIONS, Observed, channel_means
from training.quantization.weights import bias_shift, output_rows, safe_scales

FREE: Final = 0.002
"""Layers with a smaller share of the multiply-adds stay float: int8 would save nothing there."""


@dataclass(frozen=True)
class FloatGraph:
    """A graph with float32 weights, shapes and named nodes, and the photos it is calibrated on."""

    model: ModelProto
    images: NDArray[np.uint8]
    """RGB `[M, S, S, 3]`."""

    @classmethod
    def of(cls, bundle: ModelProto, images: NDArray[np.uint8]) -> "FloatGraph":
        """Make a bundle's graph ready: stored weights become float32 again."""
        model = onnx.shape_inference.infer_shapes(restore(bundle))
        for number, node in enumerate(model.graph.node):
            node.name = node.name or f"node_{number}"
        return cls(model, images)

    @cached_property
    def layers(self) -> list[Layer]:
        """The layers that int8 can make faster."""
        found = layers(self.model)
        total = sum(layer.multiply_adds for layer in found)
        uses = Counter(layer.weights for layer in found)
        # Weights that two layers share would have to fit the ranges of both. Groups are small products, for
        # which the runtime has no int8 kernels of their own.
        return [
            layer
            for layer in found
            if layer.multiply_adds >= FREE * total and uses[layer.weights] == 1 and layer.groups == 1
        ]

    @cached_property
    def means(self) -> dict[str, NDArray[np.float32]]:
        """Mean activations of the input channels of every layer."""
        return channel_means(self.model, self.images, self.layers)

    @cached_property
    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Constants by name."""
        return {tensor.name: numpy_helper.to_array(tensor) for tensor in self.model.graph.initializer}

    @cached_property
    def scales(self) -> dict[str, NDArray[np.float32]]:
        """A scale per output channel of each layer's weights, by the name of the weights."""
        return {layer.weights: safe_scales(self._rows(layer)) for layer in self.layers}

    def _rows(self, layer: Layer) -> NDArray[np.float32]:
        return output_rows(self.weights[layer.weights], output_axis(self.model, layer.weights))

    def quantized(self, observed: Observed, keep: Collection[str] = ()) -> ModelProto:
        """The graph with int8 layers, except those named in `keep`; inputs and outputs stay the same."""
        chosen = [layer for layer in self.layers if layer.name not in keep]
        model = ModelProto()
        model.CopyFrom(self.model)
        self._correct_biases(model, chosen)
        overrides = {layer.weights: self._override(layer) for layer in chosen}
        # MaxPool and Relu only pass int8 on; without an int8 layer before them they stay float.
        passing = [node.name for node in model.graph.node if node.op_type in ("MaxPool", "Relu")]
        quantizer = QDQQuantizer(
            model,
            per_channel=True,
            reduce_range=False,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=observed.ranges,
            nodes_to_quantize=[layer.name for layer in chosen] + passing,
            nodes_to_exclude=[],
            op_types_to_quantize=list(OPERATIONS),
            extra_options={"TensorQuantOverrides": overrides},
        )
        quantizer.quantize_model()
        quantizer.model.topological_sort()
        result: ModelProto = quantizer.model.model
        del result.graph.value_info[:]
        onnx.checker.check_model(result)
        return store(result, "float16")

    def _override(self, layer: Layer) -> list[dict[str, Any]]:
        """The scales in the quantizer's own form: a row per output channel, the first one with the axis."""
        shared = {"quant_type": QuantType.QInt8, "zero_point": np.array(0, dtype=np.int8)}
        rows: list[dict[str, Any]] = [{**shared, "scale": scale} for scale in self.scales[layer.weights]]
        rows[0]["axis"] = output_axis(self.model, layer.weights)
        return rows

    def _correct_biases(self, model: ModelProto, chosen: list[Layer]) -> None:
        tensors = {tensor.name: tensor for tensor in model.graph.initializer}
        for layer in chosen:
            if layer.bias is not None:
                shift = bias_shift(self._rows(layer), self.scales[layer.weights], self.means[layer.inputs])
                bias = self.weights[layer.bias] + shift
                tensors[layer.bias].CopyFrom(numpy_helper.from_array(bias, layer.bias))
