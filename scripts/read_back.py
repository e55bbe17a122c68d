"""Put the weights of a published, averaged bundle back into runs of the same recipe.

    python -m scripts.read_back models/eye-shape/3 runs/locked runs/tuned

Training gives the same weights on the same kind of CPU only. A bundle that is to be made again in another
way, such as pruned, and still be the same network, starts from its file: blocks of VGG16 that a run has tuned
are read from their int8 levels, heads from their float16 weights, and what stayed locked is ImageNet's as it
is. The runs, made by `training fit` on the same photos, give the rest; their networks are overwritten.
A bundle whose heads are computed as one (`eye-shape` 4) is not read.
"""

import argparse
from pathlib import Path
from typing import Final

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper

from training import runs
from training.heads import MEMBERS
from training.prediction import model_file
from training.runs import Run
from training.storage import restore

Weights = NDArray[np.float32]

PLACES: Final = (2, 3, 1, 0)
"""From ONNX' `[out, in, h, w]` to Keras' `[h, w, in, out]`."""


class Published:
    """The constants of a bundle's graph by the names that `training export` gave them."""

    def __init__(self, model: ModelProto) -> None:
        model = restore(model)
        self._constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self._makers = {name: node for node in model.graph.node for name in node.output}

    def tuned(self, scope: str) -> list[Weights]:
        """Kernel and bias of a convolution that computes in int8."""
        node = self._makers[f"{scope}/Relu:0"]
        kernel, bias = (self._levels(name) for name in node.input[1:])
        return [kernel.transpose(PLACES), bias]

    def convolution(self, scope: str) -> list[Weights]:
        """Kernel and bias of a float convolution that has swallowed its norm."""
        node = self._makers[self._makers[f"{scope}/Relu:0"].input[0]]
        kernel, bias = (self._constants[name] for name in node.input[1:])
        return [kernel.transpose(PLACES), bias]

    def pair(self, first: str, second: str) -> list[Weights]:
        """Two constants."""
        return [self._constants[first], self._constants[second]]

    def _levels(self, name: str) -> Weights:
        """What the levels that a node turns into numbers stand for; the first axis has a scale each."""
        levels, scale = (self._constants[one] for one in self._makers[name].input[:2])
        values: Weights = levels * scale.reshape(-1, *[1] * (levels.ndim - 1))
        return values.astype(np.float32)


def read_back(published: Published, network: keras.Model, run: str, tuned: list[str]) -> None:
    """Give a run's network the weights that it has in the published graph; `tuned` names its tuned layers."""
    for name in tuned:
        network.get_layer(name).set_weights(published.tuned(f"{run}/trunk_1/{name}_1"))
    members = network.get_layer(MEMBERS)
    count = sum(layer.name.endswith("_logits") for layer in members.layers)
    for head in (f"head{number}" for number in range(1, count + 1)):
        inside = f"{run}/trunk_1/{MEMBERS}_1/{head}"
        scale, shift = published.pair(
            f"{inside}_scale_1/batchnorm/mul/1", f"{inside}_scale_1/batchnorm/add/1"
        )
        _set_norm(members.get_layer(f"{head}_scale"), scale.ravel(), shift.ravel())
        for number in (1, 2, 3):
            kernel, bias = published.convolution(f"{inside}_conv{number}_relu_1")
            members.get_layer(f"{head}_conv{number}").set_weights([kernel])
            _set_norm(members.get_layer(f"{head}_conv{number}_norm"), np.ones_like(bias), bias)
        logits = f"{run}/{head}_logits_1"
        members.get_layer(f"{head}_logits").set_weights(
            published.pair(f"{logits}/MatMul/1", f"{logits}/BiasAdd/1")
        )


def _set_norm(layer: keras.layers.BatchNormalization, scale: Weights, shift: Weights) -> None:
    """Make a norm multiply by `scale` and add `shift`."""
    variance = np.full_like(scale, 1 - layer.epsilon)
    if layer.beta is None:
        layer.set_weights([scale, -shift / scale, variance])
    else:
        layer.set_weights([scale, shift, np.zeros_like(scale), variance])


def main() -> None:
    """Overwrite the networks of the runs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a bundle of several runs, made by `training quantize`")
    parser.add_argument("run", type=Path, nargs="+", help="as many run folders of the same recipes, in order")
    options = parser.parse_args()
    published = Published(onnx.load(model_file(options.model)))
    for number, path in enumerate(options.run, 1):
        run = Run.load(path)
        network, recipe = run.network(), run.config.hyperparameters
        names = [layer.name for layer in network.layers]
        behind = names[names.index(recipe.cut) + 1 : names.index(recipe.end)]
        tuned = [name for name in behind if isinstance(network.get_layer(name), keras.layers.Conv2D)]
        read_back(published, network, f"run{number}", tuned)
        network.save(path / runs.MODEL)


if __name__ == "__main__":
    main()
