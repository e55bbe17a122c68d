"""Photos that are decoded and cut, and their inference: together, where they ask the same model."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import Literal

import numpy as np

from service.answering.stopwatch import Stopwatch
from service.answering.targets import Found
from service.networks.bundle import Bundle
from service.networks.classifier import Outputs
from service.pictures.geometry import RGB
from service.pictures.regions import Region
from service.schemas import ImageSize


@dataclass(frozen=True)
class Question:
    """What a client wants to know about a photo."""

    region: Region = "auto"
    faces: Literal["largest", "all"] = "largest"
    model: str | None = None
    evidence: bool = False
    request_id: str = ""


@dataclass(frozen=True)
class Prepared:
    """A photo of which only what will be classified is left."""

    question: Question
    bundle: Bundle
    size: ImageSize
    found: Found
    """In pixels of the upright original."""
    pixels: Sequence[RGB]
    """Pictures of the network's input size, one for each of `found.targets`."""
    watch: Stopwatch


def classified(photos: Sequence[Prepared]) -> Iterator[tuple[Prepared, list[Outputs]]]:
    """Each photo with what its model says about its pictures, in order."""
    for _, same in groupby(photos, key=lambda photo: id(photo.bundle)):
        yield from _by_one_model(list(same))


def _by_one_model(photos: Sequence[Prepared]) -> Iterator[tuple[Prepared, list[Outputs]]]:
    pixels = [picture for photo in photos for picture in photo.pixels]
    start = time.perf_counter()
    rows = iter(_rows(photos[0].bundle, pixels, any(photo.question.evidence for photo in photos)))
    each = (time.perf_counter() - start) / max(1, len(pixels))
    for photo in photos:
        photo.watch.add("inference", each * len(photo.pixels))
        own = list(islice(rows, len(photo.pixels)))
        yield photo, own if photo.question.evidence else [replace(row, evidence=None) for row in own]


def _rows(bundle: Bundle, pixels: Sequence[RGB], evidence: bool) -> list[Outputs]:
    if not pixels:
        return []
    outputs = bundle.classifier.outputs(np.stack(pixels), evidence)
    return [outputs.row(number) for number in range(len(pixels))]
