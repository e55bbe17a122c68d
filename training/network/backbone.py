"""The convolutional base of VGG16 with its preprocessing inside, and where its ImageNet weights come from.

Input contract of VGG16 (Keras Applications, "caffe" mode): colours in BGR order, the ImageNet mean
subtracted, no scaling. Here the network takes RGB instead: the first kernel's input channels are reversed,
which is the same sum in another order, and the mean is subtracted by a layer of its own. It is not folded
into the first bias because the convolution pads with zeros, which stand for the mean colour.
"""

import hashlib
from pathlib import Path
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError
from training.network.weight_files import BLOCKS, Weights, is_file, layer_names, read_weights

REPOSITORY_COPY: Final = Path(__file__).parents[2] / "models" / "vgg16-imagenet" / "weights.npz"
MEAN_RGB: Final = (123.68, 116.779, 103.939)
"""Mean colour of the ImageNet training photos, 0..255."""
SMALLEST_SIZE: Final = 32
"""Side in pixels that is one pixel after five poolings."""


def load_weights(source: str | Path | None = None) -> Weights:
    """The ImageNet weights of VGG16's convolutions.

    `source` is a file (`.npz`, `.h5`, `.keras`, `.onnx`), `"imagenet"` for Keras' own download, or None: the
    copy in this repository, or Keras' download where the copy is missing. Raises TrainingError.
    """
    if source is not None and is_file(source):
        return read_weights(Path(source))
    if not source and REPOSITORY_COPY.is_file():
        return read_weights(REPOSITORY_COPY)
    return _download()


def digest(weights: Weights) -> str:
    """SHA-256 of the weights' values, so that caches of features know whose they are."""
    sha = hashlib.sha256()
    for name in sorted(weights):
        sha.update(name.encode())
        sha.update(weights[name].tobytes())
    return sha.hexdigest()


def preprocess(image: keras.KerasTensor) -> keras.KerasTensor:
    """Subtract the ImageNet mean from RGB `[N, S, S, 3]`, 0..255, of any numeric type; float32."""
    return keras.layers.Rescaling(1.0, offset=[-mean for mean in MEAN_RGB], name="subtract_mean")(image)


def build(size: int, weights: Weights, cut: str = "block5_pool") -> keras.Model:
    """The locked base: `image`, RGB `[N, size, size, 3]` in 0..255, to the output of the layer `cut`.

    Cut after `block5_pool` gives `[N, size // 32, size // 32, 512]`. The layers have the names of Keras
    Applications, and as many channels as the weights have. Raises TrainingError for a size under 32 pixels or
    an unknown `cut`.
    """
    if size < SMALLEST_SIZE:
        raise TrainingError(f"Expected an input of at least {SMALLEST_SIZE} pixels a side. Received: {size}")
    image = keras.Input((size, size, 3), name="image", dtype="float32")
    x = preprocess(image)
    for block, (_, convs) in enumerate(BLOCKS, 1):
        for conv in range(1, convs + 1):
            name = f"block{block}_conv{conv}"
            filters = len(weights[f"{name}/bias"])
            x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
        x = keras.layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    whole = keras.Model(image, x, name="vgg16")
    set_weights(whole, weights)
    if cut not in {layer.name for layer in whole.layers}:
        raise TrainingError(f"Expected the name of a layer of VGG16 to cut at. Received: {cut}")
    base = keras.Model(image, whole.get_layer(cut).output, name="vgg16")
    base.trainable = False
    return base


def map_shape(size: int, weights: Weights, pool: str) -> tuple[int, int, int]:
    """Height, width and channels of what the layer `pool`, such as `block3_pool`, makes of a picture."""
    block = int(pool[len("block")])
    _, convolutions = BLOCKS[block - 1]
    side = size >> block  # each pooling halves it
    return side, side, len(weights[f"block{block}_conv{convolutions}/bias"])


def set_weights(network: keras.Model, weights: Weights) -> None:
    """Give a network's convolutions the weights of a BGR VGG16, the first kernel turned to RGB."""
    for name in layer_names():
        kernel = other_colours(name, weights[f"{name}/kernel"])
        network.get_layer(name).set_weights([kernel, weights[f"{name}/bias"]])


def other_colours(layer: str, kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """The kernel `[3, 3, in, out]` of a layer for RGB instead of BGR, or the other way round."""
    return kernel[:, :, ::-1] if layer == "block1_conv1" else kernel


def _download() -> Weights:
    try:
        network = keras.applications.VGG16(weights="imagenet", include_top=False)
    except Exception as error:  # Keras raises a bare Exception where its download fails
        raise TrainingError(
            f"Keras could not download VGG16's ImageNet weights ({error}). "
            f"Give a file with --weights, or restore {REPOSITORY_COPY.name} in models/vgg16-imagenet."
        ) from None
    weights: Weights = {}
    for name in layer_names():
        weights[f"{name}/kernel"], weights[f"{name}/bias"] = network.get_layer(name).get_weights()
    return weights
