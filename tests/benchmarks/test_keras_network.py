"""The Keras twin of the shipped network computes as much as the exported graph, and no more."""

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

from benchmarks.comparison.servers.keras_network import build
from service.networks.metadata import BundleMetadata
from service.networks.onnx_file import METADATA_KEY, properties


def metadata(version: int) -> BundleMetadata:
    file = Path("models/eye-shape") / str(version) / "model.onnx"
    return BundleMetadata.model_validate_json(properties(file)[METADATA_KEY])


def layers(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        yield from layers(layer) if isinstance(layer, keras.Model) else [layer]


def multiply_adds(model: keras.Model) -> int:
    """Per picture; every layer is called once."""
    found = 0
    for layer in layers(model):
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            *places, _ = layer.output.shape[1:]
            found += int(np.prod(places)) * int(np.prod(layer.kernel.shape))
    return found


@pytest.mark.parametrize("version", [2, 3, 4])
def test_the_keras_twin_costs_what_the_exported_graph_costs(version: int) -> None:
    shipped = metadata(version)
    assert shipped.network is not None
    twin = multiply_adds(build("same", shipped))
    assert twin == pytest.approx(shipped.network.multiply_adds, rel=0.001)


def test_the_answers_are_the_same_in_every_process_and_are_probabilities() -> None:
    pictures = np.random.default_rng(0).integers(0, 255, (2, 80, 80, 3)).astype(np.float32)
    one, other = (build("same", metadata(4)).predict_on_batch(pictures) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(one.sum(axis=1), 1, atol=1e-6)
