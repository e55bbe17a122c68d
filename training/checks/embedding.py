"""What our own VGG16 sees in a crop, as a vector: features of its fourth block, averaged over quarters.

The fourth block still tells fine shapes apart (a crease, a contour); the fifth knows ImageNet's objects.
"""

from pathlib import Path
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from training import backbone

SIZE: Final = 96
"""Side of the crops in pixels: about 20 ms a photo on two cores."""
CUT: Final = "block4_pool"


class Vgg16Embedder:
    """RGB crops `[N, 96, 96, 3]` to features `[N, 2048]`."""

    size = SIZE

    def __init__(self, weights: str | Path | None = None) -> None:
        base = backbone.build(SIZE, backbone.load_weights(weights), CUT)
        quarters = keras.layers.AveragePooling2D(base.output.shape[1] // 2)(base.output)
        self._network = keras.Model(base.input, keras.layers.Flatten()(quarters))

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Features of one batch."""
        features = self._network.predict_on_batch(images.astype(np.float32))
        limit = np.finfo(np.float16).max
        result: NDArray[np.float16] = np.clip(np.asarray(features), 0, limit).astype(np.float16)
        return result
