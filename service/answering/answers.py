"""From probabilities and squares to the typed answer."""

from typing import Final
from urllib.parse import quote_plus

from service.answering.evidence import data_url
from service.answering.targets import HiddenEye, Target
from service.networks.classifier import Outputs
from service.networks.metadata import BundleMetadata, Label
from service.pictures.geometry import Square
from service.schemas import Advice, Box, Classification, UnusableEye

UNTYPICAL: Final = "untypical"
_UNTYPICAL_MESSAGE: Final = "This is unlike the photos that the model learned from. Try another photo."


def classification(
    metadata: BundleMetadata, target: Target, outputs: Outputs, tutorials: str
) -> Classification:
    """The answer about one target.

    `outputs` are the model's for this target alone, whose square is in pixels of the upright original;
    `tutorials` is the link template with `{query}`. Raises ValidationError for what is no probability.
    """
    labels = metadata.labels
    # Sums of float32 may exceed 1 in the last digit. In this order NaN stays NaN, which is no answer.
    shares = [min(value, 1.0) for value in outputs.probabilities[0].tolist()]
    best = max(range(len(labels)), key=shares.__getitem__)
    typicality = None if outputs.typicality is None else float(outputs.typicality[0])
    return Classification(
        region=target.region,
        face=target.face,
        box=box(target.square),
        label=labels[best].id,
        title=labels[best].title,
        description=labels[best].description,
        tutorial_url=tutorial_url(tutorials, labels[best]),
        confidence=shares[best],
        certain=shares[best] >= metadata.threshold and is_typical(metadata, typicality),
        probabilities={label.id: share for label, share in zip(labels, shares, strict=True)},
        typicality=typicality,
        evidence=None if outputs.evidence is None else data_url(outputs.evidence[0, ..., best]),
        advice=_advice(metadata, target, typicality),
    )


def is_typical(metadata: BundleMetadata, typicality: float | None) -> bool:
    """Whether a region is like what the model learned from; true where the model cannot tell."""
    bound = metadata.typicality_bound
    return typicality is None or bound is None or typicality >= bound


def _advice(metadata: BundleMetadata, target: Target, typicality: float | None) -> list[Advice]:
    advice = [Advice(**vars(one)) for one in target.advice]
    if typicality is not None and not is_typical(metadata, typicality):
        bound = metadata.typicality_bound or 0.0
        value = round(typicality, 3)
        advice.append(Advice(code=UNTYPICAL, value=value, bound=bound, message=_UNTYPICAL_MESSAGE))
    return advice


def unusable(eye: HiddenEye) -> UnusableEye:
    """The answer about an eye without a shape to tell."""
    assert eye.region != "whole"
    return UnusableEye(
        region=eye.region, face=eye.face, box=box(eye.square), code=eye.code, detail=eye.detail
    )


def box(square: Square) -> Box:
    """A square in pixels of the upright original, to a tenth of a pixel."""
    left, top, side = (round(value, 1) for value in (square.left, square.top, square.side))
    return Box(left=left, top=top, width=side, height=side)


def tutorial_url(template: str, label: Label) -> str | None:
    """The link for a label's search phrase; None where it has none."""
    return template.replace("{query}", quote_plus(label.search)) if label.search else None
