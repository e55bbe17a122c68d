"""What the other servers share: the same ONNX file, the same decoding, one thread per worker process."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from service.networks.classifier import INPUT, OUTPUT
from service.networks.metadata import BundleMetadata
from service.networks.onnx_file import METADATA_KEY
from service.pictures.regions import read_whole

WORKERS = int(os.environ.get("BENCHMARK_WORKERS", "1"))
"""Worker processes: one for each CPU."""


def model_file() -> Path:
    """The `model.onnx` to serve, from the environment variable BENCHMARK_MODEL."""
    return Path(os.environ["BENCHMARK_MODEL"])


def open_session(threads: int) -> Any:
    """An ONNX Runtime session with its default settings but for the threads of one inference."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(model_file()), options, providers=["CPUExecutionProvider"])


class Model:
    """From the bytes of a photo to its label and confidence."""

    def __init__(self, threads: int = 1) -> None:
        self.session = open_session(threads)
        document = self.session.get_modelmeta().custom_metadata_map[METADATA_KEY]
        self.labels = [label.id for label in BundleMetadata.model_validate_json(document).labels]
        self.size = int(self.session.get_inputs()[0].shape[1])

    def classify(self, photo: bytes) -> dict[str, Any]:
        """The answer for the middle square of a photo."""
        pixels = read_whole(photo, self.size)
        return answer(self.labels, self.session.run([OUTPUT], {INPUT: pixels[None]})[0][0])


def answer(labels: list[str], probabilities: "np.ndarray[Any, Any]") -> dict[str, Any]:
    """The likeliest label with its probability."""
    best = int(probabilities.argmax())
    return {"label": labels[best], "confidence": float(probabilities[best])}
