"""The typed JSON of the API."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RegionName = Literal["whole", "left_eye", "right_eye"]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Schema(BaseModel):
    """Base of everything the API answers."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", protected_namespaces=(), use_attribute_docstrings=True
    )


class Box(Schema):
    """A square region in pixels of the upright photo; it may reach over the photo's border."""

    left: float
    top: float
    width: float
    height: float


class Advice(Schema):
    """What would make a better photo."""

    code: str
    """Stable code, for instance `too_dark`."""
    value: float
    """What was measured."""
    bound: float
    """What it should have been."""
    message: str
    """A sentence for the person who takes the photo."""


class Classification(Schema):
    """The answer about one region of a photo."""

    region: RegionName
    """What was looked at; left and right are the person's own."""
    face: int | None = None
    """Index of the face, 0 being the largest; null for the whole picture."""
    box: Box
    label: str
    """Id of the most probable class."""
    title: str
    description: str
    tutorial_url: str | None
    confidence: Probability
    """Calibrated probability of `label`."""
    certain: bool
    """False where the confidence is under the model's threshold: say "not sure" instead of the label."""
    probabilities: dict[str, Probability]
    """Calibrated probability of every class, by id."""
    advice: list[Advice] = []


class UnusableEye(Schema):
    """An eye that was found but cannot be classified."""

    region: Literal["left_eye", "right_eye"]
    face: int
    box: Box
    code: str
    """`eye_closed` or `eye_hidden`."""
    detail: str


class ModelReference(Schema):
    """Which model answered."""

    name: str
    version: int


class ImageSize(Schema):
    """Size of the upright photo in pixels."""

    width: int
    height: int


class Timings(Schema):
    """Milliseconds per stage."""

    decode: float
    locate: float = 0.0
    inference: float
    total: float
    """From the first byte of work on this image to its answer, waiting excluded."""


class Answer(Schema):
    """The answer about one photo."""

    model: ModelReference
    image: ImageSize
    results: list[Classification]
    unusable: list[UnusableEye] = []
    request_id: str
    milliseconds: Timings


class Problem(Schema):
    """An error as `application/problem+json` (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    """Stable and meant for programs."""
    request_id: str


class BatchItem(Schema):
    """One image of a batch: either `answer` or `problem` is set."""

    index: int
    answer: Answer | None = None
    problem: Problem | None = None


class BatchAnswer(Schema):
    """Answers in the order of the images."""

    items: list[BatchItem]
    request_id: str
    milliseconds: float


class LabelInfo(Schema):
    """One class of a model."""

    id: str
    title: str
    description: str
    search: str
    tutorial_url: str | None


class CropInfo(Schema):
    """The square around an eye that the model looks at; see the model card."""

    scale: float
    centre: float


class ModelInfo(Schema):
    """What is loaded under one name."""

    name: str
    version: int
    description: str
    default: bool
    """True for the model that answers where none is named."""
    labels: list[LabelInfo]
    input_size: int
    crop: CropInfo | None
    threshold: float
    metrics: dict[str, Any]
    dataset: dict[str, Any]
    licence: str
    sha256: str
    providers: list[str]


class ModelList(Schema):
    """Every loaded model, the default one first."""

    models: list[ModelInfo]


class Health(Schema):
    """A short summary for people and probes."""

    status: Literal["ready", "starting", "stopping"]
    models: list[ModelReference]
    rejected: list[ModelReference] = []
    """New versions found while running that could not be served; the logs say why."""
    uptime_seconds: float
