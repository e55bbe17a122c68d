import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from scripts.parametric_relu import with_quick_slopes

RNG = np.random.default_rng(0)
SLOPES = np.array([0.25, -0.5, 1.5], np.float32).reshape(1, 3, 1, 1)


def network(slopes: NDArray[np.float32], side: int = 60) -> ModelProto:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, side, side]) for name in "xy"]
    graph = helper.make_graph(
        [helper.make_node("PRelu", ["x", "slopes"], ["y"], name="bend")],
        "one",
        ends[:1],
        ends[1:],
        [numpy_helper.from_array(slopes, "slopes")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_the_answers_stay_and_prelu_goes() -> None:
    model = network(SLOPES)
    x = RNG.standard_normal((1, 3, 60, 60), np.float32)
    (expected,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    quick = with_quick_slopes(model)
    assert "PRelu" not in {node.op_type for node in quick.graph.node}
    (answer,) = onnxruntime.InferenceSession(quick.SerializeToString()).run(None, {"x": x})
    np.testing.assert_allclose(answer, expected, atol=1e-6)
    assert np.abs(answer - np.maximum(x, 0)).max() > 0.1


def test_small_features_are_left_alone() -> None:
    assert [node.op_type for node in with_quick_slopes(network(SLOPES, side=20)).graph.node] == ["PRelu"]


def test_slopes_for_each_place_are_refused() -> None:
    with pytest.raises(ValueError, match=r"bend: expected slopes \[1, 3, 1, 1\]. Received: \[60, 60\]"):
        with_quick_slopes(network(np.ones((60, 60), np.float32)))
