"""What in the picture decided: two maps that need no gradients, so that the ONNX file is enough.

Where the model does not give its evidence itself, one place of the last map at a time is taken away and
the layers behind it are asked again: what a class loses is what that place said for it. The occlusion map
does the same with the picture (Zeiler and Fergus, "Visualizing and Understanding Convolutional
Networks", ECCV 2014): slower, and blind to what a patch of one colour does to a network, but
true of the whole network.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from service.pictures.geometry import RGB
from training.look.inside import Classify, Layer, Values, log_odds

PATCH: Final = 0.22
"""Side of the hidden square as a share of the picture's."""
BATCH: Final = 8

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Occlusion:
    """What hiding one part of the picture at a time does."""

    change: Floats
    """`[C, H, W]`: log-odds that a class loses where a place is hidden; below 0 it gains."""
    lowest: Floats
    """`[C]`: the least probability of a class with any one square hidden."""


def places(layer: Layer, classify: Classify) -> Floats:
    """Log-odds that each class loses without each place of a map `[C, H, W]`: `[classes, H, W]`."""
    _, height, width = layer.values.shape
    whole = log_odds(classify(layer.values[None]))[0]
    maps = np.empty((len(whole), height, width))
    for row in range(height):
        without = np.repeat(layer.values[None], width, axis=0)
        # Behind a Relu zero means that nothing was found here.
        without[np.arange(width), :, row, np.arange(width)] = 0
        maps[:, row] = whole[:, None] - log_odds(classify(without)).T
    return maps


def occlude(
    picture: RGB,
    classify: Callable[[RGB], Values],
    steps: int,
    progress: Callable[[Iterator[int]], Iterator[int]],
) -> Occlusion:
    """Hide squares of the mean colour on a grid of `steps` x `steps` places and ask again each time.

    `classify` answers for pictures `[N, S, S, 3]`; `progress` is told of every batch.
    """
    size = picture.shape[0]
    side = max(2, round(PATCH * size))
    corners = np.linspace(0, size - side, steps).round().astype(int)
    squares = [(top, left) for top in corners for left in corners]
    colour = picture.mean(axis=(0, 1)).astype(np.uint8)
    whole = log_odds(classify(picture[None]))[0]
    total, seen = np.zeros((len(whole), size, size)), np.zeros((size, size))
    lowest = np.ones(len(whole))
    for start in progress(iter(range(0, len(squares), BATCH))):
        chunk = squares[start : start + BATCH]
        hidden = np.repeat(picture[None], len(chunk), axis=0)
        for image, (top, left) in zip(hidden, chunk, strict=True):
            image[top : top + side, left : left + side] = colour
        answers = classify(hidden)
        lowest = np.minimum(lowest, answers.min(axis=0))
        for lost, (top, left) in zip(whole - log_odds(answers), chunk, strict=True):
            total[:, top : top + side, left : left + side] += lost[:, None, None]
            seen[top : top + side, left : left + side] += 1
    return Occlusion(total / np.maximum(seen, 1), lowest)
