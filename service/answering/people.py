"""Both eyes of a face in one answer for the person."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from service.answering.answers import is_typical, tutorial_url
from service.networks.metadata import BundleMetadata
from service.schemas import Classification, Person


def combine(metadata: BundleMetadata, results: Sequence[Classification], tutorials: str) -> list[Person]:
    """One answer for each face; `results` come face by face, and those without a face are left out.

    `tutorials` is the link template with `{query}`.
    """
    found = groupby((result for result in results if result.face is not None), key=lambda one: one.face)
    return [_person(metadata, face or 0, list(eyes), tutorials) for face, eyes in found]


def _person(metadata: BundleMetadata, face: int, eyes: list[Classification], tutorials: str) -> Person:
    """The mean of the eyes' probabilities; an eye that is not typical counts only where no eye is."""
    typical = [eye for eye in eyes if is_typical(metadata, eye.typicality)]
    used = typical or eyes
    ids = [label.id for label in metadata.labels]
    shares = np.mean([[eye.probabilities[name] for name in ids] for eye in used], axis=0)
    best = int(shares.argmax())
    label, confidence = metadata.labels[best], float(shares[best])
    return Person(
        face=face,
        regions=[eye.region for eye in used],
        label=label.id,
        title=label.title,
        description=label.description,
        tutorial_url=tutorial_url(tutorials, label),
        confidence=confidence,
        certain=bool(typical) and confidence >= metadata.threshold,
        probabilities=dict(zip(ids, shares.tolist(), strict=True)),
    )
