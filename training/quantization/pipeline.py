"""From a float bundle to an int8 bundle: calibrate, search, compare, and write only what passes the gate."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from service.geometry import RGB
from service.metadata import BundleMetadata
from training.bundling import Target, write_bundle
from training.console import say
from training.cost import describe
from training.evaluation import Evaluation
from training.heldout import HeldOut
from training.quantization.gate import Verdict, compare
from training.quantization.graphs import FloatGraph
from training.quantization.search import Choice, search

PAIRS: Final = "8 bits, neighbours within 16-bit sums"


@dataclass(frozen=True)
class Source:
    """The bundle that is quantized."""

    model: ModelProto
    metadata: BundleMetadata
    golden: list[RGB]
    """The pictures of its golden answers, at the input size."""
    notes: str
    """The author's part of the model card."""
    size: int
    """Side of the input in pixels."""


@dataclass(frozen=True)
class Material:
    """The photos it takes, RGB `[M, S, S, 3]`; none of the first two may be a validation photo."""

    calibration: NDArray[np.uint8]
    tuning: NDArray[np.uint8]
    validation: HeldOut


def quantize(source: Source, material: Material, target: Target, most_float: int) -> BundleMetadata:
    """Write an int8 bundle and return its metadata.

    At most `most_float` layers stay float because int8 costs too much there. Raises QuantizationRefused,
    with nothing written, if the answers on the validation photos change too much.
    """
    graph = FloatGraph.of(source.model, material.calibration)
    choice = search(graph, material.tuning, most_float, say)
    by = _columns(source.metadata, material.validation)
    verdict = compare(graph.model, choice.model, material.validation, source.metadata, by)
    verdict.check()
    metadata = _metadata(source.metadata, target, graph, choice, verdict)
    write_bundle(choice.model, metadata, target, source.golden, source.notes)
    return metadata


def _columns(source: BundleMetadata, photos: HeldOut) -> list[str]:
    """The columns by which the source was measured, as far as these photos have them."""
    groups = source.metrics["validation"].get("groups", {})
    return [
        column
        for column in dict.fromkeys(name.partition("=")[0] for name in groups)
        if column in photos.columns
    ]


def _metadata(
    source: BundleMetadata, target: Target, graph: FloatGraph, choice: Choice, verdict: Verdict
) -> BundleMetadata:
    evaluation = Evaluation(f"{target.name} {target.version}", "validation", verdict.int8, verdict.parts)
    quantization: dict[str, Any] = {
        "weights": PAIRS,
        "calibration_photos": len(graph.images),
        **choice.document(),
        **verdict.document(),
    }
    calibration = {**source.metrics["calibration"], **verdict.certain}
    metrics = {
        **source.metrics,
        "validation": evaluation.document(),
        "calibration": calibration,
        "quantization": quantization,
    }
    if verdict.untypical is not None:
        known = source.metrics.get("typicality", {"bound": source.typicality_bound})
        metrics["typicality"] = {**known, "refused": verdict.untypical[1]}
    facts = describe(graph.model).model_copy(update={"arithmetic": "int8"})
    changes = {
        "name": target.name,
        "version": target.version,
        "metrics": metrics,
        "network": facts,
    }
    return source.model_copy(update=changes)
