from typing import Any

import pytest
from pydantic import ValidationError

from service.networks.metadata import BundleMetadata, GoldenAnswer
from tests.bundles import metadata


def test_unknown_fields_of_a_newer_exporter_are_kept() -> None:
    assert BundleMetadata.model_validate(metadata(novelty=1)).model_dump()["novelty"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"version": 0},
        {"name": "Eye Shape"},
        {"name": "../x"},
        {"threshold": 1.5},
        {"labels": []},
        {"temperature": 0},
    ],
)
def test_values_out_of_bounds(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BundleMetadata.model_validate(metadata(**change))


def test_labels_are_unique() -> None:
    labels = [metadata()["labels"][0]] * 2
    with pytest.raises(ValidationError, match="Label ids must be unique"):
        BundleMetadata.model_validate(metadata(labels=labels))


def test_golden_probabilities_sum_to_one() -> None:
    with pytest.raises(ValidationError, match="must sum to 1"):
        GoldenAnswer(file="a.png", probabilities=(0.5, 0.4))
