"""From the bytes of one photo to its answer; knows nothing of HTTP."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from service.bundle import Bundle
from service.geometry import Square
from service.metadata import Label
from service.models import ModelStore
from service.regions import Region, cut_whole, decode_whole
from service.schemas import Answer, Box, Classification, ImageSize, ModelReference, Timings
from service.settings import Settings


@dataclass(frozen=True)
class Question:
    """What a client wants to know about a photo."""

    region: Region = "auto"
    model: str | None = None
    request_id: str = ""


@dataclass
class Stopwatch:
    """Milliseconds per named stage."""

    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block of work; several blocks of one name add up."""
        start = time.perf_counter()
        yield
        elapsed = (time.perf_counter() - start) * 1000
        self.stages[name] = self.stages.get(name, 0.0) + elapsed

    def timings(self) -> Timings:
        """The stages rounded to microseconds, with their sum."""
        rounded = {name: round(value, 3) for name, value in self.stages.items()}
        return Timings(**rounded, total=round(sum(self.stages.values()), 3))


class Predictor:
    """Composes decoding, cropping and classification; safe to call from several threads at once."""

    def __init__(self, models: ModelStore, settings: Settings) -> None:
        self.models = models
        self._settings = settings

    def classify(self, data: bytes, question: Question) -> Answer:
        """Answer one question about one encoded photo; raises a ServiceError."""
        bundle = self.models.get(question.model)
        watch = Stopwatch()
        size = bundle.classifier.input_size
        with watch.stage("decode"):
            picture = decode_whole(data, size, self._settings.max_pixels, self._settings.max_side)
            pixels = cut_whole(picture, size)
        with watch.stage("inference"):
            probabilities = bundle.classifier.probabilities(pixels[None])[0].tolist()
        square = Square.central(picture.width, picture.height)
        return Answer(
            model=ModelReference(name=bundle.metadata.name, version=bundle.metadata.version),
            image=ImageSize(width=picture.width, height=picture.height),
            results=[self._classification(bundle, probabilities, square)],
            request_id=question.request_id,
            milliseconds=watch.timings(),
        )

    def _classification(self, bundle: Bundle, probabilities: list[float], square: Square) -> Classification:
        labels = bundle.metadata.labels
        best = max(range(len(labels)), key=probabilities.__getitem__)
        confidence = min(1.0, probabilities[best])
        return Classification(
            region="whole",
            box=Box(left=square.left, top=square.top, width=square.side, height=square.side),
            label=labels[best].id,
            title=labels[best].title,
            description=labels[best].description,
            tutorial_url=tutorial_url(self._settings.tutorial_url, labels[best]),
            confidence=confidence,
            certain=confidence >= bundle.metadata.threshold,
            probabilities={
                label.id: min(1.0, value) for label, value in zip(labels, probabilities, strict=True)
            },
        )


def tutorial_url(template: str, label: Label) -> str | None:
    """The link for a label's search phrase; None where it has none."""
    return template.replace("{query}", quote_plus(label.search)) if label.search else None
