"""From probabilities and squares to the typed answer."""

from collections.abc import Sequence
from urllib.parse import quote_plus

from service.geometry import Square
from service.metadata import BundleMetadata, Label
from service.schemas import Advice, Box, Classification, UnusableEye
from service.targets import HiddenEye, Target


def classification(
    metadata: BundleMetadata, target: Target, probabilities: Sequence[float], reduction: float, tutorials: str
) -> Classification:
    """The answer about one target.

    `probabilities` follow the order of the labels; `reduction` is the scale of the decoded picture, 0..1;
    `tutorials` is the link template with `{query}`.
    """
    labels = metadata.labels
    # Sums of float32 may exceed 1 in the last digit.
    shares = [min(1.0, value) for value in probabilities]
    best = max(range(len(labels)), key=shares.__getitem__)
    return Classification(
        region=target.region,
        face=target.face,
        box=box(target.square, reduction),
        label=labels[best].id,
        title=labels[best].title,
        description=labels[best].description,
        tutorial_url=tutorial_url(tutorials, labels[best]),
        confidence=shares[best],
        certain=shares[best] >= metadata.threshold,
        probabilities={label.id: share for label, share in zip(labels, shares, strict=True)},
        advice=[Advice(**vars(advice)) for advice in target.advice],
    )


def unusable(eye: HiddenEye, reduction: float) -> UnusableEye:
    """The answer about an eye without a shape to tell."""
    assert eye.region != "whole"
    return UnusableEye(
        region=eye.region, face=eye.face, box=box(eye.square, reduction), code=eye.code, detail=eye.detail
    )


def box(square: Square, reduction: float) -> Box:
    """A square of the decoded picture in pixels of the upright original."""
    full = square.scaled(1 / reduction)
    left, top, side = (round(value, 1) for value in (full.left, full.top, full.side))
    return Box(left=left, top=top, width=side, height=side)


def tutorial_url(template: str, label: Label) -> str | None:
    """The link for a label's search phrase; None where it has none."""
    return template.replace("{query}", quote_plus(label.search)) if label.search else None
