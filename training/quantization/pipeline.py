"""From a float bundle to an int8 bundle: calibrate, search, compare, and write only what passes the gate."""

from typing import Any, Final

from service.networks.metadata import BundleMetadata
from training.bundles.bundling import Target
from training.bundles.rewriting import Material, Source, judge, write_again
from training.console import say
from training.graph.cost import describe
from training.quantization.graphs import FloatGraph
from training.quantization.search import search

PAIRS: Final = "8 bits, neighbours within 16-bit sums"


def quantize(source: Source, material: Material, target: Target, most_float: int) -> BundleMetadata:
    """Write an int8 bundle and return its metadata.

    At most `most_float` layers stay float because int8 costs too much there. Raises Refused,
    with nothing written, if the answers on the validation photos change too much.
    """
    graph = FloatGraph.of(source.model, material.measuring)
    choice = search(graph, material.choosing, most_float, say)
    verdict = judge(source, material, graph.model, choice.model)
    verdict.check("int8")
    quantization: dict[str, Any] = {
        "weights": PAIRS,
        "calibration_photos": len(graph.images),
        **choice.document(),
        **verdict.document("float32", "int8"),
    }
    facts = describe(graph.model).model_copy(update={"arithmetic": "int8"})
    return write_again(source, target, choice.model, verdict, facts, quantization=quantization)
