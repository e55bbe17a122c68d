"""Keras behind Flask: `model.predict` in a route, as tutorials show it.

    gunicorn --workers 1 --threads 4 'benchmarks.comparison.servers.flask_keras:create_app("same")'
    python -m benchmarks.comparison.servers.flask_keras same PHOTO...     (the answers, without a server)

`same` is the architecture of the served ONNX model in float32, `tutorial` the whole VGG16 at 224 pixels with
a dense layer. The head has random weights, the same in every process: they cost what trained ones cost.
`create_app(kind, "predict_on_batch")` asks the network without what `predict` prepares for many batches.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flask
import keras
import numpy as np
from numpy.typing import NDArray

from benchmarks.comparison.servers.model import answer, model_file
from service.classifier import Classifier
from service.regions import read_whole
from training import backbone
from training.hyperparameters import HyperParameters, recipes_of
from training.network import assemble, average, build_head
from training.weight_files import first_channels

TUTORIAL = HyperParameters(size=224)


class Network:
    """The Keras model and its labels."""

    def __init__(self, kind: str, call: str = "predict") -> None:
        metadata = Classifier(model_file()).metadata
        self.labels = [label.id for label in metadata.labels]
        recipes = [TUTORIAL] if kind == "tutorial" else recipes_of(metadata.hyperparameters)
        keras.utils.set_random_seed(0)
        channels = None if kind == "tutorial" or metadata.network is None else metadata.network.channels
        network = average([_network(recipe, len(self.labels), channels) for recipe in recipes])
        self.model = keras.Model(network.input, keras.layers.Softmax()(network.output))
        self.size = recipes[0].size
        self._call = self.model.predict_on_batch if call == "predict_on_batch" else self._predict
        self._call(np.zeros((1, self.size, self.size, 3), np.float32))

    def classify(self, photo: bytes) -> dict[str, Any]:
        """The answer for the middle square of a photo."""
        pixels = read_whole(photo, self.size).astype(np.float32)
        return answer(self.labels, self._call(pixels[None])[0])

    def _predict(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        probabilities: NDArray[np.float32] = self.model.predict(pixels, verbose=0)
        return probabilities


def _network(recipe: HyperParameters, classes: int, channels: Sequence[int] | None) -> keras.Model:
    # Any channels cost what the right ones cost.
    weights = first_channels(backbone.load_weights(), channels or ())
    base = backbone.build(recipe.size, weights, recipe.end)
    return assemble(base, build_head(tuple(base.output.shape[1:]), classes, recipe))


def create_app(kind: str, call: str = "predict") -> flask.Flask:
    """The web application with one route."""
    app, network = flask.Flask(__name__), Network(kind, call)

    @app.post("/classify")
    def classify() -> flask.Response:
        return flask.jsonify(network.classify(flask.request.files["image"].read()))

    return app


if __name__ == "__main__":
    alone = Network(sys.argv[1])
    sys.stdout.write(json.dumps([alone.classify(Path(path).read_bytes()) for path in sys.argv[2:]]) + "\n")
