"""From a bundle to one with fewer channels: cut, compare, and write only what passes the gate."""

from typing import Any, Final

from service.networks.metadata import BundleMetadata
from training.bundles.bundling import Target
from training.bundles.rewriting import Material, Source, judge, write_again
from training.console import say
from training.errors import TrainingError
from training.graph.cost import describe
from training.graph.parity import logit_error, run_onnx
from training.graph.storage import restore, store
from training.pruning.graphs import prune

BATCH: Final = 8
REMEDY: Final = " A smaller --residual takes fewer channels away."


def thin_out(
    source: Source, material: Material, target: Target, residual: float, seed: int
) -> BundleMetadata:
    """Write a bundle with fewer channels and return its metadata.

    Each layer may lose the share `residual` of the variance of what it tells the next. Raises Refused, with
    nothing written, if the answers on the validation photos change too much.
    """
    whole = restore(source.model)
    thin, cuts = prune(whole, material.measuring, residual, seed, lambda cut: say(str(cut)))
    if all(cut.kept == cut.channels for cut in cuts):
        raise TrainingError(
            f"Expected channels that others can make up for within --residual {residual:g}. Received: none"
            f"{'' if cuts else ', and no convolutions that follow each other'}. Nothing was written."
        )
    expected, received = (run_onnx(model, material.choosing, BATCH) for model in (whole, thin))
    stored = store(thin, "float16")
    verdict = judge(source, material, whole, stored)
    verdict.check("A network of so few channels", REMEDY, "balanced_accuracy")
    before, after = describe(whole), describe(thin)
    pruning: dict[str, Any] = {
        "residual": residual,
        "photos": len(material.measuring),
        "channels": {cut.layer: [cut.channels, cut.kept] for cut in cuts},
        "multiply_adds": {"whole": before.multiply_adds, "pruned": after.multiply_adds},
        "error": round(logit_error(expected, received), 5),
        **verdict.document("whole", "pruned"),
    }
    storage = {"storage": "float16"}
    return write_again(source, target, stored, verdict, after, pruning=pruning, storage=storage)
