import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from scripts.mediapipe_operators import PREFIX, with_standard_operators

Array = NDArray[np.float32]
IDENTITY = np.eye(4, dtype=np.float32)[None]


def one_node(kind: str, inputs: dict[str, Array], **attributes: object) -> ModelProto:
    node = helper.make_node(PREFIX + kind, list(inputs), ["answer"], **attributes)
    infos = [helper.make_tensor_value_info(k, TensorProto.FLOAT, v.shape) for k, v in inputs.items()]
    answer = helper.make_tensor_value_info("answer", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "one", infos, [answer])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(kind: str, inputs: dict[str, Array], **attributes: object) -> Array:
    model = with_standard_operators(one_node(kind, inputs, **attributes))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    answer: Array = session.run(None, inputs)[0]
    return answer


def matrix(landmarks: Array) -> Array:
    return run(
        "Landmarks2TransformMatrix",
        {"landmarks": landmarks},
        left_rotation_idx=0,
        right_rotation_idx=1,
        subset_idxs=[0, 1, 2, 3],
        scale_x=1.5,
        scale_y=1.5,
        output_width=16,
        output_height=16,
        target_rotation_radians=0.0,
    )


def test_the_crop_is_one_and_a_half_times_the_box_of_the_landmarks() -> None:
    landmarks = np.array([[[4, 8, 0], [12, 8, 0], [8, 6, 0], [8, 10, 0]]], dtype=np.float32)
    expected = IDENTITY.copy()
    expected[0, :2, :2] = np.diag([12 / 16, 6 / 16])
    expected[0, :2, 3] = (8 - 6, 8 - 3)
    np.testing.assert_allclose(matrix(landmarks), expected, atol=1e-6)


def test_the_crop_turns_with_the_landmarks() -> None:
    upright = np.array([[[4, 8, 0], [12, 8, 0], [8, 6, 0], [8, 10, 0]]], dtype=np.float32)
    turned = upright.copy()
    turned[..., 0], turned[..., 1] = 16 - upright[..., 1], upright[..., 0]  # clockwise by a quarter
    quarter = np.array([[0, -1], [1, 0]])
    expected = quarter @ matrix(upright)[0, :2, :2]
    np.testing.assert_allclose(matrix(turned)[0, :2, :2], expected, atol=1e-6)
    middle = matrix(turned)[0] @ np.array([8, 8, 0, 1])
    np.testing.assert_allclose(middle[:2], [8, 8], atol=1e-5)


def test_bilinear_crop_of_the_identity_is_the_upper_left_part() -> None:
    features = np.random.default_rng(0).normal(size=(1, 6, 6, 2)).astype(np.float32)
    inputs = {"features": features, "matrix": IDENTITY}
    crop = run("TransformTensorBilinear", inputs, output_height=4, output_width=4)
    np.testing.assert_allclose(crop, features[:, :4, :4], atol=1e-5)


def test_bilinear_crop_interpolates_inside_and_is_zero_outside() -> None:
    features = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1) + 1
    moved = IDENTITY.copy()
    moved[0, 0, 3] = 0.5
    inputs = {"features": features, "matrix": moved}
    crop = run("TransformTensorBilinear", inputs, output_height=4, output_width=4)
    np.testing.assert_allclose(crop[0, 0, :, 0], [1.5, 2.5, 3.5, 0.0], atol=1e-5)


def test_landmarks_go_through_the_matrix() -> None:
    affine = IDENTITY.copy()
    affine[0, :2] = [[0, -2, 0, 5], [2, 0, 0, 7]]
    landmarks = np.array([[[1, 2], [3, 4]]], dtype=np.float32)
    moved = run("TransformLandmarks", {"landmarks": landmarks, "matrix": affine})
    np.testing.assert_allclose(moved, [[[1, 9], [-3, 13]]], atol=1e-5)


def test_an_unknown_operator_is_refused() -> None:
    model = one_node("Other", {"landmarks": np.zeros((1, 2, 2), np.float32)})
    with pytest.raises(ValueError, match="Received: Other"):
        with_standard_operators(model)
