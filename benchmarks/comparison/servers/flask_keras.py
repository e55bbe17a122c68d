"""Keras behind Flask: `model.predict` in a route, as tutorials show it.

    gunicorn --workers 1 --threads 4 'benchmarks.comparison.servers.flask_keras:create_app("same")'
    python -m benchmarks.comparison.servers.flask_keras same PHOTO...     (the answers, without a server)

`same` and `tutorial` are the networks of keras_network.py.
`create_app(kind, "predict_on_batch")` asks the network without what `predict` prepares for many batches.
"""

import json
import sys
from pathlib import Path
from typing import Any

import flask
import numpy as np
from numpy.typing import NDArray

from benchmarks.comparison.servers.keras_network import build
from benchmarks.comparison.servers.model import answer, model_file
from service.networks.classifier import Classifier
from service.pictures.regions import read_whole


class Network:
    """The Keras model and its labels."""

    def __init__(self, kind: str, call: str = "predict") -> None:
        metadata = Classifier(model_file()).metadata
        self.labels = [label.id for label in metadata.labels]
        self.model = build(kind, metadata)
        self.size = int(self.model.input_shape[1])
        self._call = self.model.predict_on_batch if call == "predict_on_batch" else self._predict
        self._call(np.zeros((1, self.size, self.size, 3), np.float32))

    def classify(self, photo: bytes) -> dict[str, Any]:
        """The answer for the middle square of a photo."""
        pixels = read_whole(photo, self.size).astype(np.float32)
        return answer(self.labels, self._call(pixels[None])[0])

    def _predict(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        probabilities: NDArray[np.float32] = self.model.predict(pixels, verbose=0)
        return probabilities


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
