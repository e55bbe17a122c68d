"""The convolutions of VGG16 come out of every kind of file in the same layout."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from scripts import make_vgg16_weights
from training.errors import TrainingError
from training.network import backbone
from training.network.weight_files import Weights, first_channels, layer_names, read_weights, write_npz


@pytest.fixture(scope="module")
def weights() -> Weights:
    return backbone.load_weights()


@pytest.fixture(scope="module")
def network(weights: Weights) -> keras.Model:
    """Keras' own VGG16 with a classifier behind it, whose weights are to be ignored."""
    base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    for name in layer_names():
        base.get_layer(name).set_weights([weights[f"{name}/kernel"], weights[f"{name}/bias"]])
    return keras.Model(base.input, keras.layers.Dense(2)(keras.layers.Flatten()(base.output)))


def same(found: Weights, expected: Weights) -> bool:
    return list(found) == list(expected) and all(
        np.array_equal(found[name], expected[name]) for name in found
    )


def onnx_file(path: Path, weights: Weights, layers: list[str]) -> Path:
    """The convolutions as an exporter writes them: kernels `[out, in, height, width]`, names of its own."""
    arrays, nodes, value = [], [], "input"
    for index, name in enumerate(layers):
        kernel, bias = weights[f"{name}/kernel"].transpose(3, 2, 0, 1), weights[f"{name}/bias"]
        arrays += [numpy_helper.from_array(kernel, f"k{index}"), numpy_helper.from_array(bias, f"b{index}")]
        nodes.append(helper.make_node("Conv", [value, f"k{index}", f"b{index}"], [f"v{index}"]))
        value = f"v{index}"
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 32, 32])]
    outputs = [helper.make_tensor_value_info(value, TensorProto.FLOAT, None)]
    # Initializers in another order than the layers', as optimizers leave them.
    graph = helper.make_graph(nodes, "vgg16", inputs, outputs, initializer=arrays[::-1])
    onnx.save(helper.make_model(graph), str(path))
    return path


def test_keras_h5_model(tmp_path: Path, network: keras.Model, weights: Weights) -> None:
    network.save(tmp_path / "vgg16.h5")
    assert same(read_weights(tmp_path / "vgg16.h5"), weights)


def test_keras_h5_weights(tmp_path: Path, network: keras.Model, weights: Weights) -> None:
    network.save_weights(tmp_path / "vgg16.weights.h5")
    assert same(read_weights(tmp_path / "vgg16.weights.h5"), weights)


def test_keras_model(tmp_path: Path, network: keras.Model, weights: Weights) -> None:
    network.save(tmp_path / "vgg16.keras")
    assert same(read_weights(tmp_path / "vgg16.keras"), weights)


def test_npz(tmp_path: Path, weights: Weights) -> None:
    write_npz(weights, tmp_path / "vgg16.npz")
    assert same(backbone.load_weights(tmp_path / "vgg16.npz"), weights)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, weights: Weights) -> None:
    path = tmp_path / "vgg16.npz"
    few = first_channels(weights, [4] * 13)
    write_npz(few, path)
    before, mode = path.read_bytes(), path.stat().st_mode
    code = (
        "import resource, sys; from pathlib import Path; from training.network import weight_files\n"
        "path = Path(sys.argv[1]); weights = weight_files.read_weights(path)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "weight_files.write_npz(weights, path)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1] == f"OSError: [Errno 27] File too large: '{path}'"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before
    (tmp_path / "other").touch()
    assert mode == (tmp_path / "other").stat().st_mode


def test_script_makes_the_committed_values_from_onnx(tmp_path: Path, weights: Weights) -> None:
    source = onnx_file(tmp_path / "vgg16.onnx", weights, layer_names())
    assert make_vgg16_weights.main([str(source), "--to", str(tmp_path / "made" / "weights.npz")]) == 0
    assert same(read_weights(tmp_path / "made" / "weights.npz"), weights)


def test_script_refuses_another_network(
    tmp_path: Path, weights: Weights, capsys: pytest.CaptureFixture[str]
) -> None:
    source = onnx_file(tmp_path / "other.onnx", weights, layer_names()[:2])
    assert make_vgg16_weights.main([str(source), "--to", str(tmp_path / "weights.npz")]) == 2
    assert "Expected the 13 convolutions of VGG16. Received: 2 convolutions" in capsys.readouterr().err
    assert not (tmp_path / "weights.npz").exists()


@pytest.mark.parametrize("name", ["weights.npz", "weights.h5", "weights.keras", "weights.onnx"])
def test_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no weights at all")
    with pytest.raises(TrainingError, match=name):
        read_weights(tmp_path / name)


def test_missing_file_and_unknown_kind_are_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="There is none at .*weights.npz"):
        read_weights(tmp_path / "weights.npz")
    with pytest.raises(TrainingError, match="Received: weights.pth"):
        read_weights(Path("weights.pth"))
