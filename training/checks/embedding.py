"""What our own VGG16 sees in a crop, as a vector: features of two middle blocks, averaged over a grid.

The third and fourth blocks still tell fine shapes apart (a crease, a contour); the fifth knows ImageNet's
objects. How many wrong labels they find is measured in benchmarks/README.md.
"""

from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SIZE: Final = 96
"""Side of the crops in pixels: about 20 ms a photo on two cores."""
GRIDS: Final = {"block3_pool": 3, "block4_pool": 2}
"""Layers that are looked at, and cells a side over which each is averaged."""


class Vgg16Embedder:
    """RGB crops `[N, 96, 96, 3]` to features `[N, 4352]`."""

    size = SIZE

    def __init__(self, weights: str | Path | None = None) -> None:
        self._weights = weights

    @cached_property
    def _network(self) -> Any:
        # Only where there are photos to look at: TensorFlow takes seconds to import.
        import keras

        from training.network import backbone

        base = backbone.build(SIZE, backbone.load_weights(self._weights), list(GRIDS)[-1])
        cells = []
        for layer, grid in GRIDS.items():
            maps = base.get_layer(layer).output
            cells.append(keras.layers.Flatten()(keras.layers.AveragePooling2D(maps.shape[1] // grid)(maps)))
        return keras.Model(base.input, keras.layers.Concatenate()(cells))

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Features of one batch."""
        features = self._network.predict_on_batch(images.astype(np.float32))
        limit = np.finfo(np.float16).max
        result: NDArray[np.float16] = np.clip(np.asarray(features), 0, limit).astype(np.float16)
        return result
