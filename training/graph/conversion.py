"""A Keras network as one ONNX graph: uint8 pictures in, calibrated probabilities and their reasons out."""

import logging
from typing import Any, Final

import onnx
import tensorflow as tf
import tf2onnx
from onnx import ModelProto, numpy_helper

from service.networks.classifier import EVIDENCE, INPUT, OUTPUT, TYPICALITY
from training.graph.canonical import canonical
from training.graph.evidence import Split, explain
from training.graph.planes import cancel_turns, turn_first
from training.network.assembly import averaged, common
from training.network.typicality import Typicality

OPSET: Final = 17

logging.getLogger("tf2onnx").setLevel(logging.ERROR)


def to_onnx(network: Any, temperature: float = 1.0, typicality: Typicality | None = None) -> ModelProto:
    """Convert a network with its preprocessing inside: RGB `[N, S, S, 3]` 0..255 to logits `[N, C]`.

    The graph takes `image`, uint8 `[N, S, S, 3]`, and gives `probabilities`, float32 `[N, C]`:
    the softmax of the logits divided by the temperature. N is free. A network whose head
    training/graph/evidence.py knows also gives `evidence`, float32 `[N, h, w, C]`, in units of the logits
    before the temperature and, where typicality is given, `typicality`, float32 `[N]`, about the maps of the
    first network where several are averaged (training/network/assembly.py); these share the layers that are
    alike. The same network gives the same bytes.
    """
    size = int(network.input_shape[1])
    signature = (tf.TensorSpec([None, size, size, 3], tf.uint8, name=INPUT),)
    first, rests = common(averaged(network))
    splits = [split for rest in rests if (split := Split.of(rest)) is not None]

    def answer(image: Any) -> dict[str, Any]:
        pictures = tf.cast(image, network.input.dtype)
        maps = pictures if first is None else first(pictures, training=False)
        if len(splits) < len(rests):
            logits = tf.reduce_mean(
                [tf.cast(rest(maps, training=False), tf.float32) for rest in rests], axis=0
            )
            return {OUTPUT: tf.nn.softmax(logits / temperature)}
        explained = explain(splits, maps)
        outputs = {OUTPUT: tf.nn.softmax(explained.logits / temperature), EVIDENCE: explained.evidence}
        if typicality is not None:
            outputs[TYPICALITY] = typicality(explained.features)
        return outputs

    function = tf.function(answer, input_signature=signature, autograph=False)
    model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    _freeze_captured(model, function.get_concrete_function())
    _name_batch(model)
    turn_first(model)
    cancel_turns(model)
    model = canonical(model)
    model.producer_name, model.producer_version = "tf2onnx", tf2onnx.__version__
    onnx.checker.check_model(model, full_check=True)
    return model


def _freeze_captured(model: ModelProto, function: Any) -> None:
    """Make constants of the tensors that layers captured; tf2onnx leaves them as inputs of the graph."""
    values = {inner.name: outer for outer, inner in function.graph.captures}
    for extra in [value for value in model.graph.input if value.name != INPUT]:
        model.graph.input.remove(extra)
        if not any(extra.name in node.input for node in model.graph.node):
            continue
        tensor = numpy_helper.from_array(values[extra.name].numpy(), extra.name)
        model.graph.initializer.append(tensor)


def _name_batch(model: ModelProto) -> None:
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    # Shapes inside the graph would still carry the converter's own name of the batch.
    del model.graph.value_info[:]
