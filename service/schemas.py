"""The typed JSON of the API."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

RegionName = Literal["whole", "left_eye", "right_eye"]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Schema(BaseModel):
    """Base of everything the API answers; `service.http.openapi` describes the fields by their docstrings."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        protected_namespaces=(),
        json_schema_serialization_defaults_required=True,
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
    """Stable: `eye_cut_off`, `face_too_small`, `too_dark`, `blurred`, `turned_away`, `tilted` or `untypical`;
    later versions may have more."""
    value: float
    """What was measured, for each code in turn: the share of the eye in the picture, pixels between its
    corners, the mean level (0..255), the share of fine detail, degrees, degrees, typicality."""
    bound: float
    """What it should have been."""
    message: str
    """A sentence for the person who takes the photo."""


class Classification(Schema):
    """The answer about one region of a photo."""

    region: RegionName
    """What was looked at; left and right are the person's own. `whole` is the middle square of the picture,
    or the one eye that `region=auto` found in a picture without a face: `box` says where."""
    face: int | None = None
    """Index of the face, 0 being the largest; null where there is none."""
    box: Box
    label: str
    """Id of the most probable class."""
    title: str
    description: str
    tutorial_url: str | None
    confidence: Probability
    """Calibrated probability of `label`."""
    certain: bool
    """False where the confidence is under the model's threshold, or the region is untypical: say "not sure"
    instead of the label."""
    probabilities: dict[str, Probability]
    """Calibrated probability of every class, by id."""
    typicality: Probability | None = None
    """How usual the region is for this model: the share of held-out training photos that are less usual; null
    for models that cannot tell. Under the model's bound `certain` is false, with the advice `untypical`."""
    evidence: str | None = None
    """What spoke for `label`: a small PNG with an alpha channel as data URL, to lay over `box`. Null unless
    asked for with `evidence=true`, and for models without it."""
    advice: list[Advice] = []


class Person(Schema):
    """The eyes of one face in one answer: what to tell the person."""

    face: int
    regions: list[RegionName]
    """The results this is made from: one eye or both."""
    label: str
    """Id of the most probable class."""
    title: str
    description: str
    tutorial_url: str | None
    confidence: Probability
    certain: bool
    """False where the confidence is under the model's threshold, or where no eye of the face is typical."""
    probabilities: dict[str, Probability]
    """Of every class, by id: the mean of the eyes."""


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
    """All of them together: the work on this image, without waiting. Images that are classified together have
    equal parts of their inference."""


class Answer(Schema):
    """The answer about one photo."""

    model: ModelReference
    image: ImageSize
    results: list[Classification]
    people: list[Person] = []
    """One answer for each face with a usable eye; empty where no face was found."""
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


class Estimate(Schema):
    """A number with its 95 % interval over people; null where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


class ClassQuality(Schema):
    """One class: the share of its answers that is right (precision), of its photos found (recall)."""

    photos: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


class Quality(Schema):
    """How good a model is on people it did not learn from; the model card's numbers."""

    photos: int
    people: int
    accuracy: Estimate
    balanced_accuracy: Estimate
    """Mean recall of the classes."""
    calibration_error: Estimate
    """Expected difference between confidence and accuracy, 0..1; without an interval."""
    coverage: Probability | None
    """Share of the photos that get a certain answer."""
    accuracy_when_certain: Probability | None
    classes: dict[str, ClassQuality]
    """By the label's id."""


class NetworkInfo(Schema):
    """Which network a model is, and what one answer costs."""

    base: str
    """`vgg16`, or `other` for a network that is not built on it."""
    until: str | None
    """The last layer of the base, in the names of Keras Applications."""
    channels: list[int] | None = None
    """Of the base's convolutions; VGG16 itself begins with 64, 64, 128, 128. Null where that is not known."""
    multiply_adds: int
    """Per picture."""
    parameters: int
    arithmetic: Literal["float32", "int8"]
    """What the large layers compute in."""


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
    evidence: bool = False
    """Whether `evidence=true` gets a map."""
    typicality_bound: float | None = None
    """Typicality under which no answer is certain; null for a model that cannot tell."""
    quality: Quality | None = None
    """Null where the model does not say."""
    metrics: dict[str, Any]
    dataset: dict[str, Any]
    licence: str
    sha256: str
    network: NetworkInfo | None = None
    """Null for a bundle from before this was known."""
    providers: list[str]
    """Execution providers of ONNX Runtime that compute it, the best first."""


class ModelList(Schema):
    """Every loaded model, the default one first."""

    models: list[ModelInfo]


class Health(Schema):
    """A short summary for people and probes."""

    status: Literal["ready", "stopping"]
    models: list[ModelReference]
    rejected: list[ModelReference] = []
    """New versions found while running that could not be served; the logs say why."""
    uptime_seconds: float
