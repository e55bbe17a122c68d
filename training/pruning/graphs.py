"""A graph with fewer channels."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper

from training.pruning.moments import Floats, measure
from training.pruning.selection import Selection, select
from training.pruning.sites import Site, sites


@dataclass(frozen=True)
class Cut:
    """What was done to a layer."""

    layer: str
    channels: int
    kept: int
    residual: float
    """Share of the variance of what the layers behind it say that is unexplained now."""

    def __str__(self) -> str:
        kept = f"{self.kept} of {self.channels} channels"
        return f"{self.layer}: {kept}, {self.residual:.2%} unexplained behind it"


def prune(
    whole: ModelProto, images: NDArray[np.uint8], residual: float, seed: int, told: Callable[[Cut], None]
) -> tuple[ModelProto, list[Cut]]:
    """A copy of a float graph without the channels that it can do without, and what was done to each layer.

    Pictures `[M, S, S, 3]` show what the layers make of each other; each may lose the share `residual` of the
    variance of what it tells the next. Layers are cut in order, from the picture on.
    """
    pruned = ModelProto()
    pruned.CopyFrom(whole)
    cuts: list[Cut] = []
    for site in sites(pruned):
        channels = _constant(pruned, site.layer.input[1]).shape[0]
        allowed = 0.0 if site.only_read else residual
        selection = select(
            measure(whole, pruned, site, images, seed), _known(pruned, site), channels, allowed
        )
        kept = len(selection.keep)
        # Where all of them stay, there may still be something to make up for.
        if kept < channels or any(cut.kept < cut.channels for cut in cuts):
            _apply(pruned, site, selection)
        cuts.append(Cut(site.name, channels, kept, selection.unexplained))
        told(cuts[-1])
    used = {name for node in pruned.graph.node for name in node.input}
    for tensor in [one for one in pruned.graph.initializer if one.name not in used]:
        pruned.graph.initializer.remove(tensor)
    del pruned.graph.value_info[:]
    onnx.checker.check_model(pruned)
    return onnx.shape_inference.infer_shapes(pruned), cuts


def _known(model: ModelProto, site: Site) -> Floats:
    """The weights of a site's readers as they are, `[channels * window, outputs]`."""
    kernels = [_constant(model, reader.input[1]) for reader in site.readers]
    return np.concatenate([kernel.reshape(len(kernel), -1).T for kernel in kernels], axis=1).astype(
        np.float64
    )


def _apply(model: ModelProto, site: Site, chosen: Selection) -> None:
    for place, name in enumerate(site.layer.input[1:], 1):
        kept = _constant(model, name)[chosen.keep]
        site.layer.input[place] = _add(model, f"{site.name}/{place}/kept", kept)
    first = 0
    for reader in site.readers:
        last = first + _constant(model, reader.input[1]).shape[0]
        weights = chosen.weights[:, first:last].T.reshape(last - first, len(chosen.keep), *site.window)
        names = [
            _add(model, f"{reader.output[0]}/{place}/refitted", values)
            for place, values in ((1, weights), (2, chosen.bias[first:last]))
        ]
        reader.input[:] = [reader.input[0], *names]
        first = last


def _constant(model: ModelProto, name: str) -> NDArray[np.float32]:
    values: NDArray[np.float32] = numpy_helper.to_array(
        next(tensor for tensor in model.graph.initializer if tensor.name == name)
    )
    return values


def _add(model: ModelProto, name: str, values: NDArray[np.floating]) -> str:
    """Give a graph a constant; returns its name."""
    model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), name))
    return name
