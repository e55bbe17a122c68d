"""What the layers behind a map see of it, and what they make of it, over many places of many pictures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from onnx import ModelProto, ValueInfoProto

from service.networks.classifier import INPUT
from training.console import progress
from training.data.photos import batches
from training.graph.nodes import needed
from training.graph.parity import open_session
from training.pruning.sites import Site, loudness

BATCH: Final = 16
PLACES: Final = 100
"""Places that are looked at in each picture: a 10 x 10 map whole, of larger ones a sample."""

Floats = NDArray[np.float64]
Maps = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Moments:
    """Means and covariances of windows `x`, `[channels * window]`, and of the sums `y` behind them."""

    x_mean: Floats
    y_mean: Floats
    xx: Floats
    xy: Floats
    yy: Floats
    """Variances of the sums, `[outputs]`."""
    heard: Floats
    """What an error of a sum counts, `[outputs]`, so that 1 is all that one of the readers says."""

    @classmethod
    def of(
        cls, samples: Iterator[tuple[Maps, Maps]], loudness: Sequence[Floats], relu: bool = True
    ) -> "Moments":
        """Add up windows `[M, channels * window]` and sums `[M, outputs]` of one or more readers.

        An error counts as often as a ReLU, where there is one, lets the sum through, and by the `loudness`
        with which what follows takes it, `[outputs]` for each reader.
        """
        count = 0
        totals: list[Any] = [0.0] * 8
        for x, y in samples:
            count += len(x)
            passed = np.maximum(y, 0) if relu else y
            # A batch in single precision, which is twice as fast; all of them in double.
            found = (
                x.sum(axis=0),
                y.sum(axis=0),
                x.T @ x,
                x.T @ y,
                np.square(y).sum(axis=0),
                passed.sum(axis=0),
                np.square(passed).sum(axis=0),
                (y > 0).sum(axis=0),
            )
            totals = [total + np.asarray(more, np.float64) for total, more in zip(totals, found, strict=True)]
        x_mean, y_mean, xx, xy, yy, passed_mean, passed_square, above = (total / count for total in totals)
        said = passed_square - np.square(passed_mean)
        heard = above if relu else np.ones_like(above)
        first = 0
        for loud in loudness:
            own = slice(first, first + len(loud))
            heard[own] *= loud / (float(loud @ said[own]) or 1.0) / len(loudness)
            first += len(loud)
        return cls(
            x_mean,
            y_mean,
            xx - np.outer(x_mean, x_mean),
            xy - np.outer(x_mean, y_mean),
            yy - np.square(y_mean),
            heard,
        )


def measure(
    whole: ModelProto, pruned: ModelProto, site: Site, images: NDArray[np.uint8], seed: int
) -> Moments:
    """What a site's readers see in the graph as it is pruned so far, and what they made of the whole one.

    So they learn to make up for what the layers before them have lost, too. Pictures `[M, S, S, 3]`.
    """
    see = _tap(pruned, [site.tensor])
    make = _tap(whole, [reader.output[0] for reader in site.readers])
    random = np.random.default_rng(seed)

    def samples() -> Iterator[tuple[Maps, Maps]]:
        for batch in progress(list(batches(images, BATCH)), f"looking at {site.name}"):
            (maps,), sums = see(batch), make(batch)
            yield _at_places(maps, np.concatenate(sums, axis=1), site.window, random)

    return Moments.of(samples(), [loudness(whole, reader) for reader in site.readers], site.relu)


def _at_places(
    maps: Maps, sums: Maps, window: tuple[int, int], random: np.random.Generator
) -> tuple[Maps, Maps]:
    """Windows and sums at a sample of the places of maps `[N, C, H, W]` and `[N, O, H, W]`."""
    count, channels, height, width = maps.shape
    few = min(PLACES, height * width)
    places = np.stack([random.permutation(height * width)[:few] for _ in range(count)])
    index = np.arange(count)[:, None], places // width, places % width
    borders = [(0, 0), (0, 0), *((side // 2, side // 2) for side in window)]
    windows = sliding_window_view(np.pad(maps, borders), window, axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5)
    x = windows[index].reshape(count * few, channels * window[0] * window[1])
    return x, sums.transpose(0, 2, 3, 1)[index].reshape(count * few, -1)


def _tap(model: ModelProto, tensors: Sequence[str]) -> Callable[[NDArray[np.uint8]], list[Maps]]:
    """Compute tensors of a graph for pictures, and nothing that they do not need."""
    copy = ModelProto()
    copy.CopyFrom(model)
    del copy.graph.node[:], copy.graph.output[:]
    copy.graph.node.extend(needed(model, tensors))
    copy.graph.output.extend(ValueInfoProto(name=name) for name in tensors)
    session = open_session(copy)

    def compute(images: NDArray[np.uint8]) -> list[Maps]:
        found: list[Maps] = session.run(list(tensors), {INPUT: images})
        return found

    return compute
