"""Everything a page about one picture shows, ready for its template."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from math import sqrt
from typing import Any, Final

import numpy as np

from service.answering.answers import is_typical
from service.networks.classifier import EVIDENCE
from service.networks.metadata import BundleMetadata
from service.pictures.geometry import RGB
from training.look import words
from training.look.evidence import BATCH, Floats, Occlusion, occlude, places
from training.look.inside import Inside, Layer
from training.look.photo import Part
from training.pages import percent
from training.pages.drawing import data_url, grid, overlay, strongest, tile

MAPS: Final = 24
MAPS_OF_OTHER_HEADS: Final = 8
COLUMNS: Final = 8
TILE: Final = 72
"""Side of a map in pixels."""
FACE: Final = 150
"""Side in pixels of the picture at the head of the funnel."""
STEPS: Final = 10
"""Places across the picture at which it is hidden."""
WEAKEST_SCALE: Final = 0.5
"""Log-odds of full colour at least, so that a map of almost nothing looks like almost nothing."""

Progress = Callable[[Iterator[int]], Iterator[int]]


def explain(inside: Inside, part: Part, progress: Progress = lambda batches: batches) -> dict[str, Any]:
    """The view of one part of a photo: answer, funnel, maps of every layer, and what decided."""
    layers = inside.layers(part.pixels)
    outputs = inside.classifier.outputs(part.pixels[None])
    answer = outputs.probabilities[0]
    typicality = None if outputs.typicality is None else float(outputs.typicality[0])
    occlusion = occlude(part.pixels, inside.classifier.probabilities, STEPS, progress)
    order = [int(index) for index in np.argsort(-answer, kind="stable")]
    return {
        "title": part.title,
        "picture": data_url(part.pixels, quality=92),
        "answer": _answer(inside.metadata, answer, typicality, order),
        "stages": _stages(part.pixels, layers),
        "table": _table(part.pixels, layers),
        "groups": _groups(layers),
        "evidence": _evidence(inside, part.pixels, layers, order),
        "occlusion": _occlusion(inside.metadata, part.pixels, occlusion, order, answer),
    }


def batches() -> int:
    """How often an occlusion map calls its progress."""
    return -(-STEPS * STEPS // BATCH)


def _answer(
    metadata: BundleMetadata, answer: Any, typicality: float | None, order: Sequence[int]
) -> dict[str, Any]:
    label, typical = metadata.labels[order[0]], is_typical(metadata, typicality)
    return {
        "title": label.title,
        "description": label.description,
        "confidence": float(answer[order[0]]),
        "certain": bool(answer[order[0]] >= metadata.threshold) and typical,
        "typical": typical,
        "threshold": metadata.threshold,
        "bars": [{"title": metadata.labels[index].title, "share": float(answer[index])} for index in order],
    }


def _stages(picture: RGB, layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """A picture for the head of the funnel and one for the last layer of every block."""
    size = picture.shape[0]
    first = {"title": "The photo", "picture": data_url(picture), "side": FACE, "depth": 3, "size": size}
    stages = [first | {"about": "3 colours"}]
    shared = [layer for layer in layers if layer.is_map and not re.search("head|run", layer.step.group)]
    for group, members in groupby(shared, key=lambda layer: layer.step.group or layer.step.name):
        last = list(members)[-1]
        count, height, _ = last.values.shape
        best = last.values[int(last.values.sum(axis=(1, 2)).argmax())]
        side = max(26, round(FACE * sqrt(height / size)))
        url = data_url(tile(best, max(side, min(height, FACE))))
        stage = {"title": words.title(group), "picture": url, "side": side, "depth": count, "size": height}
        stages.append(stage | {"about": f"{count} maps"})
    return stages


def _table(picture: RGB, layers: Sequence[Layer]) -> list[dict[str, Any]]:
    size, heads = picture.shape[0], words.heads(layers)
    start = f"3 colours of {size} x {size}"
    text = "The photo as the network sees it: every pixel has a number for red, green and blue."
    rows: list[dict[str, Any]] = [
        {"name": "photo", "about": text, "shape": start, "values": picture.size, "weights": 0}
    ]
    for fold, members in groupby(layers, key=lambda layer: _fold(layer.step.group)):
        chosen = list(members)
        if fold:
            rows.append(_other_heads(chosen) if fold == "heads" else _other_network(fold, chosen))
            continue
        for layer in chosen:
            before = layers[: layers.index(layer)]
            rows.append(_row(layer.step.name, words.describe(layer, before, heads), [layer]))
    largest = max(row["values"] for row in rows)
    # The square root, because the answer would be an invisible thread beside millions of values.
    return [row | {"share": sqrt(row["values"] / largest)} for row in rows]


def _other_heads(layers: Sequence[Layer]) -> dict[str, Any]:
    groups = list(dict.fromkeys(layer.step.group for layer in layers))
    name = groups[0] if len(groups) == 1 else f"{groups[0]} to {groups[-1]}"
    ends = [layer for layer, behind in zip(layers, [*layers[1:], None], strict=True)
            if behind is None or behind.step.group != layer.step.group]  # fmt: skip
    return _row(name, words.others(len(groups)), ends) | {"weights": sum(one.step.weights for one in layers)}


def _other_network(run: str, layers: Sequence[Layer]) -> dict[str, Any]:
    row = _row(words.network(run), words.another(run), layers[-1:])
    return row | {"weights": sum(one.step.weights for one in layers)}


def _row(name: str, about: str, layers: Sequence[Layer]) -> dict[str, Any]:
    """A row about layers side by side, which are alike."""
    return {
        "name": name,
        "about": about,
        "shape": f"{len(layers)} times {words.shape(layers[0])}"
        if len(layers) > 1
        else words.shape(layers[0]),
        "values": sum(layer.values.size for layer in layers),
        "weights": sum(layer.step.weights for layer in layers),
    }


def _fold(group: str) -> str:
    """What a group is told together with, being much like what was told before; empty where it stands alone.

    Heads are trained alike, so that one is enough to begin with; so are networks.
    """
    run, _, own = group.rpartition("_")
    if run:
        return run
    return "heads" if re.fullmatch(r"head\d+", own) and own != "head1" else ""


def _groups(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    vgg16 = any(layer.step.name == "block1_conv1" for layer in layers)
    maps = [layer for layer in layers if layer.is_map]
    found = []
    for group, members in groupby(maps, key=lambda layer: layer.step.group or layer.step.name):
        other = bool(_fold(group))
        count = MAPS_OF_OTHER_HEADS if other else MAPS
        about = "" if other else words.about(group, vgg16)
        item = {"title": words.title(group), "about": about, "open": not other}
        found.append(item | {"layers": [_maps(layer, count) for layer in members]})
    return found


def _maps(layer: Layer, count: int) -> dict[str, Any]:
    chosen = strongest(layer.values, count)
    sheet = grid(layer.values[chosen], min(COLUMNS, len(chosen)), TILE)
    return {
        "name": layer.step.name,
        "shape": words.shape(layer),
        "shown": len(chosen),
        "maps": layer.values.shape[0],
        "silent": int((layer.values.max(axis=(1, 2)) <= 0).sum()),
        "picture": data_url(sheet, quality=70),
        "width": sheet.shape[1],
        "height": sheet.shape[0],
    }


def _evidence(inside: Inside, picture: RGB, layers: Sequence[Layer], order: Sequence[int]) -> dict[str, Any]:
    if inside.classifier.gives_evidence:
        maps = inside.output(EVIDENCE, picture).astype(np.float64).transpose(2, 0, 1)
        return {"layer": None, "maps": _overlays(inside.metadata, picture, maps, order)}
    layer, classify = inside.tail(layers)
    maps = places(layer, classify)
    return {"layer": layer.step.name, "maps": _overlays(inside.metadata, picture, maps, order)}


def _occlusion(
    metadata: BundleMetadata, picture: RGB, occlusion: Occlusion, order: Sequence[int], answer: Any
) -> dict[str, Any]:
    confidence, lowest = float(answer[order[0]]), float(occlusion.lowest[order[0]])
    return {
        "maps": _overlays(metadata, picture, occlusion.change, order),
        "confidence": confidence,
        "lowest": lowest,
        # As it is written: "from > 99 % to > 99 %" would be no fall, and hiding any square may raise it.
        "falls": lowest < confidence and percent(lowest) != percent(confidence),
    }


def _overlays(
    metadata: BundleMetadata, picture: RGB, maps: Floats, order: Sequence[int]
) -> list[dict[str, str]]:
    """One for every class on one common scale, the most likely first."""
    scale = max(WEAKEST_SCALE, float(np.abs(maps[list(order[:2])]).max()))
    return [
        {"title": metadata.labels[index].title, "picture": data_url(overlay(picture, maps[index], scale))}
        for index in order[:6]
    ]
