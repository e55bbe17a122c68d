from pathlib import Path

import keras
import numpy as np
import pytest

from training.hyperparameters import HyperParameters
from training.network.assembly import assemble, build_head, part, unlock


@pytest.fixture
def network() -> keras.Model:
    """Two convolutions as a base, locked, and a head on them."""
    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(4, 3, name="early")(image)
    base = keras.Model(image, keras.layers.Conv2D(4, 3, name="late")(x))
    base.trainable = False
    return assemble(base, build_head((4, 4, 4), 3, HyperParameters(hidden=5)))


@pytest.mark.parametrize(
    ("head", "layers"),
    [("original", ["flatten", "hidden", "dropout", "logits"]), ("gap", ["average", "dropout", "logits"])],
)
def test_heads(head: str, layers: list[str]) -> None:
    model = build_head((5, 5, 512), 7, HyperParameters(head=head))
    assert [layer.name for layer in model.layers[1:]] == layers
    assert model.output.shape == (None, 7)


def test_a_part_shares_its_layers_with_the_whole(network: keras.Model) -> None:
    images = np.random.default_rng(0).random((2, 8, 8, 3), dtype=np.float32)
    head = part(network, "late")
    head.set_weights([array + 1 for array in head.get_weights()])
    features = part(network, "image", "late")(images)
    np.testing.assert_allclose(head(features), network(images), rtol=1e-5)


def test_unlock_frees_the_layers_behind_the_cut(network: keras.Model) -> None:
    assert len(network.trainable_weights) == 4
    unlock(network, "early")
    assert [layer.name for layer in network.layers if layer.trainable and layer.weights] == [
        "late",
        "hidden",
        "logits",
    ]


def test_network_loads_without_our_code(network: keras.Model, tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(loaded(images), network(images), rtol=1e-5)
