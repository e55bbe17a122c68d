"""From a bundle to one with fewer channels: cut, compare, and write only what passes the gate."""

from typing import Any, Final

from service.metadata import BundleMetadata
from training.bundling import Target, write_bundle
from training.console import say
from training.cost import describe
from training.errors import TrainingError
from training.gate import compare
from training.parity import run_onnx
from training.pruning.graphs import Cut, prune
from training.quantization.search import logit_error
from training.rewriting import Material, Source, columns, remeasured
from training.storage import restore, store

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
    thin, cuts = prune(whole, material.measuring, residual, seed, _told)
    if all(cut.kept == cut.channels for cut in cuts):
        raise TrainingError(
            f"Expected channels that others can make up for within --residual {residual:g}. Received: none"
            f"{'' if cuts else ', and no convolutions that follow each other'}. Nothing was written."
        )
    expected, received = (run_onnx(model, material.choosing, BATCH) for model in (whole, thin))
    stored = store(thin, "float16")
    by = columns(source.metadata, material.validation)
    verdict = compare(whole, stored, material.validation, source.metadata, by)
    verdict.check("A network of so few channels", REMEDY)
    before, after = describe(whole), describe(thin)
    pruning: dict[str, Any] = {
        "residual": residual,
        "photos": len(material.measuring),
        "channels": {cut.layer: [cut.channels, cut.kept] for cut in cuts},
        "multiply_adds": {"whole": before.multiply_adds, "pruned": after.multiply_adds},
        "error": round(logit_error(expected, received), 5),
        **verdict.document("whole", "pruned"),
    }
    metrics = {**remeasured(source.metadata, target, verdict), "pruning": pruning}
    changes = {"name": target.name, "version": target.version, "metrics": metrics, "network": after}
    metadata = source.metadata.model_copy(update=changes)
    write_bundle(stored, metadata, target, source.golden, source.notes)
    return metadata


def _told(cut: Cut) -> None:
    say(f"{cut.layer}: {cut.kept} of {cut.channels} channels, {cut.residual:.2%} unexplained behind it")
