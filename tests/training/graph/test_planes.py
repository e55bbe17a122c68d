"""The picture's axes are turned first, and the answers stay as they were."""

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from tests.training.tiny import network
from training.graph.conversion import to_onnx
from training.graph.parity import run_onnx
from training.graph.planes import cancel_turns, turn_first

PICTURES = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
CONSTANTS = {
    "two": np.array(2, np.float32),
    "mean": np.array([10, 20, 30], np.float32),
    "map": np.random.default_rng(1).random((8, 8, 3), dtype=np.float32),
}
CAST, SCALE = ("Cast", "image", "float"), ("Mul", "two", "float", "scaled")


def graph(*nodes: tuple[str, ...]) -> ModelProto:
    """Nodes as operation, inputs and output; the last gives `sums`, which are turned and averaged."""
    made = [
        helper.make_node(kind, inputs, [output], **({"to": TensorProto.FLOAT} if kind == "Cast" else {}))
        for kind, *inputs, output in nodes
    ]
    made += [
        helper.make_node("Transpose", ["sums"], ["turned"], perm=[0, 3, 1, 2]),
        helper.make_node("ReduceMean", ["turned"], ["probabilities"], axes=[2, 3], keepdims=0),
    ]
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        made,
        "beginning",
        [value("image", TensorProto.UINT8, ["N", 8, 8, 3])],
        [value("probabilities", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(array, name) for name, array in CONSTANTS.items()],
    )
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def inputs_of(model: ModelProto) -> dict[str, list[str]]:
    return {node.op_type: list(node.input) for node in model.graph.node}


def test_the_mean_is_taken_from_planes() -> None:
    model = graph(CAST, SCALE, ("Sub", "scaled", "mean", "sums"))
    before = run_onnx(model, PICTURES, batch=2)
    turn_first(model)
    assert inputs_of(model)["Transpose"] == ["image"]
    assert inputs_of(model)["Cast"] != ["image"]
    # The nodes have to come in order for the runtime.
    turn = next(node for node in model.graph.node if node.op_type == "Transpose")
    model.graph.node.remove(turn)
    model.graph.node.insert(0, turn)
    np.testing.assert_allclose(run_onnx(model, PICTURES, batch=2), before, rtol=1e-6)


@pytest.mark.parametrize(
    "nodes",
    [
        # A value of its own for each place, two users of the picture, and something other than sums.
        [CAST, SCALE, ("Sub", "scaled", "map", "sums")],
        [CAST, ("Mul", "float", "float", "sums")],
        [CAST, ("Softmax", "float", "sums")],
    ],
)
def test_other_beginnings_are_left_alone(nodes: list[tuple[str, ...]]) -> None:
    model = graph(*nodes)
    before = model.SerializeToString()
    turn_first(model)
    assert model.SerializeToString() == before


def test_exported_networks_turn_the_picture_first() -> None:
    model = to_onnx(network())
    (user,) = (node for node in model.graph.node if "image" in node.input)
    assert user.op_type == "Transpose"


def test_two_turns_that_undo_each_other_are_left_out() -> None:
    model = graph(CAST, SCALE, ("Sub", "scaled", "mean", "sums"))
    turn = helper.make_node("Transpose", ["turned"], ["back"], perm=[0, 2, 3, 1])
    mean = helper.make_node("ReduceMean", ["back"], ["evidence"], axes=[1, 2], keepdims=0)
    other = helper.make_node("Transpose", ["turned"], ["other"], perm=[0, 3, 1, 2])
    model.graph.node.extend([turn, mean, other])
    cancel_turns(model)
    taken = {node.output[0]: list(node.input) for node in model.graph.node}
    assert taken["evidence"] == ["sums"]
    assert taken["other"] == taken["probabilities"] == ["turned"]


def test_exported_heads_do_not_ask_for_shapes() -> None:
    kinds = {node.op_type for node in to_onnx(network()).graph.node}
    assert "Reshape" in kinds and kinds.isdisjoint({"Shape", "Gather", "Concat"})
