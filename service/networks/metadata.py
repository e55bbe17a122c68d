"""What a model says about itself: the JSON document inside `model.onnx`.

The document is the value of the metadata property `bundle` (`service.networks.onnx_file`). Training writes
it, the service reads it, and nothing in it is repeated in code.
"""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Document(BaseModel):
    """Base of the metadata documents: immutable, unknown fields kept so that old services read new models."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())


class Label(Document):
    """One class: a stable id, and what people read about it."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    title: str
    description: str = ""
    search: str = ""
    """Search phrase for tutorials about this class; empty when there is none."""


class CropGeometry(Document):
    """The square around an eye of width `w` that the network looks at: side `scale * w`."""

    scale: Annotated[float, Field(gt=0.5, le=4.0)]
    centre: Share
    """Share of the square's height above the midpoint of the eye corners; 0.5 is the middle."""


class DatasetFacts(Document):
    """What the model learned from."""

    fingerprint: str
    """SHA-256 over the sorted SHA-256 digests and labels of the training photos."""
    images: Annotated[int, Field(ge=0)]
    people: int | None = None


class NetworkFacts(Document):
    """Which network it is, and what one answer costs."""

    base: str
    """`vgg16`, or `other` for a network that is not built on it."""
    until: str | None = None
    """The last layer of the base, in the names of Keras Applications: `block5_pool` for the whole base."""
    channels: tuple[int, ...] | None = None
    """Of the base's convolutions up to `until`; VGG16 itself has 64, 64, 128, 128, 256, ... of them."""
    multiply_adds: Annotated[int, Field(ge=0)]
    """Per picture."""
    parameters: Annotated[int, Field(ge=0)]
    """Weights and biases of its layers."""
    arithmetic: Literal["float32", "int8"] = "float32"
    """What the large layers compute in, whatever their weights are stored as."""


class BundleMetadata(Document):
    """Everything about a model that is not its weights."""

    schema_version: Literal[1] = 1
    name: Name
    version: Annotated[int, Field(ge=1)]
    description: str = ""
    labels: Annotated[tuple[Label, ...], Field(min_length=2)]
    crop: CropGeometry | None = None
    """How to cut an eye; None for a model that looks at whole pictures."""
    threshold: Share = 0.0
    """Confidence under which an answer is "not sure"."""
    typicality_bound: Share | None = None
    """Typicality under which an answer is "not sure"; None for a graph without the output `typicality`."""
    temperature: Annotated[float, Field(gt=0.0)] = 1.0
    golden_tolerance: Annotated[float, Field(gt=0.0, le=0.5)] = 0.02
    """Largest difference of a probability from the golden answer that still counts as the same."""
    network: NetworkFacts | None = None
    """None for a bundle from before this was known."""
    metrics: dict[str, Any] = {}
    hyperparameters: dict[str, Any] = {}
    dataset: DatasetFacts
    tools: dict[str, str] = {}
    licence: str

    @model_validator(mode="after")
    def _labels_are_unique(self) -> "BundleMetadata":
        ids = [label.id for label in self.labels]
        if len(set(ids)) != len(ids):
            raise ValueError(f"Label ids must be unique. Received: {ids}")
        return self


class GoldenAnswer(Document):
    """The probabilities that `model.onnx` must give for one photo of the bundle's `golden/` folder."""

    file: str
    probabilities: tuple[float, ...]

    @model_validator(mode="after")
    def _rows_sum_to_one(self) -> "GoldenAnswer":
        if not math.isclose(sum(self.probabilities), 1.0, abs_tol=1e-3):
            raise ValueError(f"Probabilities must sum to 1. Received: {self.probabilities}")
        return self


class GoldenAnswers(Document):
    """The document `golden/answers.json`: photos are whole crops, classified with `region=whole`."""

    answers: Annotated[tuple[GoldenAnswer, ...], Field(min_length=1)]

    @classmethod
    def read(cls, path: Path) -> "GoldenAnswers":
        """Read and validate `answers.json`; raises OSError or pydantic.ValidationError."""
        return cls.model_validate_json(path.read_bytes())
