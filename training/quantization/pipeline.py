"""From a float bundle to an int8 bundle: calibrate, search, compare, and write only what passes the gate."""

from typing import Any, Final

from service.metadata import BundleMetadata
from training.bundling import Target, write_bundle
from training.console import say
from training.cost import describe
from training.gate import Verdict, compare
from training.quantization.graphs import FloatGraph
from training.quantization.search import Choice, search
from training.rewriting import Material, Source, columns, remeasured

PAIRS: Final = "8 bits, neighbours within 16-bit sums"


def quantize(source: Source, material: Material, target: Target, most_float: int) -> BundleMetadata:
    """Write an int8 bundle and return its metadata.

    At most `most_float` layers stay float because int8 costs too much there. Raises Refused,
    with nothing written, if the answers on the validation photos change too much.
    """
    graph = FloatGraph.of(source.model, material.measuring)
    choice = search(graph, material.choosing, most_float, say)
    by = columns(source.metadata, material.validation)
    verdict = compare(graph.model, choice.model, material.validation, source.metadata, by)
    verdict.check("int8")
    metadata = _metadata(source.metadata, target, graph, choice, verdict)
    write_bundle(choice.model, metadata, target, source.golden, source.notes)
    return metadata


def _metadata(
    source: BundleMetadata, target: Target, graph: FloatGraph, choice: Choice, verdict: Verdict
) -> BundleMetadata:
    quantization: dict[str, Any] = {
        "weights": PAIRS,
        "calibration_photos": len(graph.images),
        **choice.document(),
        **verdict.document("float32", "int8"),
    }
    metrics = {**remeasured(source, target, verdict), "quantization": quantization}
    facts = describe(graph.model).model_copy(update={"arithmetic": "int8"})
    changes = {"name": target.name, "version": target.version, "metrics": metrics, "network": facts}
    return source.model_copy(update=changes)
