"""What `/v1/models` says about a bundle, from its metadata."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from service.answering.answers import tutorial_url
from service.networks.bundle import Bundle
from service.networks.metadata import NetworkFacts
from service.schemas import ClassQuality, CropInfo, Estimate, LabelInfo, ModelInfo, NetworkInfo, Quality


def describe(bundle: Bundle, default: bool, tutorials: str) -> ModelInfo:
    """Everything a client may know; `tutorials` is the link template with `{query}`."""
    metadata = bundle.metadata
    return ModelInfo(
        name=metadata.name,
        version=metadata.version,
        description=metadata.description,
        default=default,
        labels=[
            LabelInfo(
                id=label.id,
                title=label.title,
                description=label.description,
                search=label.search,
                tutorial_url=tutorial_url(tutorials, label),
            )
            for label in metadata.labels
        ],
        input_size=bundle.classifier.input_size,
        crop=CropInfo(scale=metadata.crop.scale, centre=metadata.crop.centre) if metadata.crop else None,
        threshold=metadata.threshold,
        evidence=bundle.classifier.gives_evidence,
        typicality_bound=metadata.typicality_bound if bundle.classifier.gives_typicality else None,
        quality=quality(metadata.metrics),
        metrics=metadata.metrics,
        dataset=metadata.dataset.model_dump(),
        licence=metadata.licence,
        sha256=bundle.sha256,
        network=_network(metadata.network),
        providers=list(bundle.classifier.providers),
    )


def _network(facts: NetworkFacts | None) -> NetworkInfo | None:
    """What this version knows of; a newer model may say more."""
    return NetworkInfo(**facts.model_dump(include=set(NetworkInfo.model_fields))) if facts else None


def quality(metrics: Mapping[str, Any]) -> Quality | None:
    """The model card's numbers; None where the metrics are not those of `training export`."""
    try:
        validation, calibration = metrics["validation"], metrics.get("calibration", {})
        names = ("precision", "recall", "f1")
        return Quality(
            photos=validation["images"],
            people=validation["people"],
            accuracy=validation["accuracy"],
            balanced_accuracy=validation["balanced_accuracy"],
            # Without the interval that older models have: it was drawn too high.
            calibration_error=Estimate(value=validation["calibration_error"]["value"], low=None, high=None),
            coverage=calibration.get("coverage"),
            accuracy_when_certain=calibration.get("accuracy_when_sure"),
            classes={
                label: ClassQuality(photos=scores["support"], **{name: scores[name] for name in names})
                for label, scores in validation["classes"].items()
            },
        )
    # The metrics are free text to the service: another exporter may have written others.
    except (KeyError, TypeError, AttributeError, ValidationError):
        return None
