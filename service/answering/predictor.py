"""From the bytes of one photo to its answer; knows nothing of HTTP."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.answering import answers, people, targets
from service.answering.prepared import Prepared, Question, classified
from service.answering.stopwatch import Stopwatch
from service.answering.targets import Found
from service.errors import InvalidRequest, NoEyesFound
from service.locator.eyes import EyeLocator
from service.locator.scene import Scene
from service.networks.bundle import Bundle
from service.networks.classifier import Outputs
from service.networks.metadata import CropGeometry
from service.networks.models import ModelStore
from service.pictures.geometry import cut
from service.pictures.images import Picture, decode
from service.pictures.jpeg_scans import START
from service.pictures.regions import decode_whole, enough
from service.schemas import Answer, ImageSize, ModelReference
from service.settings import Settings

LOCATING_SIDE: Final = 720
"""Shorter side in pixels that is enough to find faces: a 12-megapixel JPEG is decoded at a quarter scale."""
QUICK_BYTES: Final = 1 << 17
"""A JPEG of so many bytes seldom has more than a megapixel, which takes 5 ms to decode."""
_WITHOUT_EYES: Final = {
    "auto": "Expected a photo of a face, or of one open eye from near. Received: a picture of neither.",
    "eyes": "Expected a photo of a face. Received: a picture without one.",
}
_BETTER_PHOTO: Final = "Face the camera in good light."
"""No word of parameters: clients show this to whoever took the photo."""


@dataclass(frozen=True)
class Asked:
    """An encoded photo and the question about it."""

    photo: bytes
    question: Question


class Predictor:
    """Composes decoding, locating, cropping and classification; safe to call from several threads at once.

    `locator` may be None where every model looks at whole pictures.
    """

    def __init__(self, models: ModelStore, settings: Settings, locator: EyeLocator | None = None) -> None:
        self.models = models
        self._settings = settings
        self.locator = locator
        """May be replaced while requests use the old one; those keep it until they end."""

    def is_quick(self, asked: Asked) -> bool:
        """Whether a photo is prepared in a few milliseconds: a small JPEG in which nobody looks for eyes."""
        photo = asked.photo
        return asked.question.region == "whole" and len(photo) <= QUICK_BYTES and photo.startswith(START)

    def prepare(self, asked: Asked) -> Prepared:
        """Decode a photo and cut out what there is to classify; raises a ServiceError."""
        bundle = self.models.get(asked.question.model)
        watch = Stopwatch()
        picture, found = self._look(asked.photo, bundle, asked.question, watch)
        with watch.stage("decode"):
            side = bundle.classifier.input_size
            pixels = [cut(picture.content, target.square, side) for target in found.targets]
        size = ImageSize(width=picture.width, height=picture.height)
        return Prepared(asked.question, bundle, size, found.of_original(picture), pixels, watch)

    def has_room(self, prepared: Sequence[Prepared]) -> bool:
        """Whether the picture of one more photo would be classified together with theirs."""
        return sum(len(one.pixels) for one in prepared) < prepared[0].bundle.classifier.at_once

    def finish(self, prepared: Sequence[Prepared]) -> list[Answer | Exception]:
        """Classify what was prepared, as many pictures at once as pays: the answer to each or its error."""
        return [self._outcome(photo, outputs) for photo, outputs in classified(prepared)]

    def _look(
        self, data: bytes, bundle: Bundle, question: Question, watch: Stopwatch
    ) -> tuple[Picture, Found]:
        size, crop = bundle.classifier.input_size, bundle.metadata.crop
        if question.region == "whole" or (question.region == "auto" and crop is None):
            with watch.stage("decode"):
                picture = decode_whole(data, size, self._settings.max_pixels, self._settings.max_side)
            return picture, targets.whole(*picture.content.size)
        locator, crop = self._eye_tools(bundle, crop)
        with watch.stage("decode"):
            picture = self._decode(data, LOCATING_SIDE)
        with watch.stage("locate"):
            every_face = question.faces == "all"
            found = targets.find(Scene(picture.content), locator, crop, question.region, every_face)
        if found is None:
            raise NoEyesFound(f"{_WITHOUT_EYES[question.region]} {_BETTER_PHOTO}")
        if picture.factor == 1:
            return picture, found
        with watch.stage("decode"):
            picture, found = self._sharpen(data, picture, found.as_in_original(picture), size)
            return picture, targets.advised(found, picture, crop)

    def _eye_tools(self, bundle: Bundle, crop: CropGeometry | None) -> tuple[EyeLocator, CropGeometry]:
        if crop is None:
            raise InvalidRequest(
                f"Expected region=auto or region=whole: {bundle.metadata.name} looks at whole pictures."
            )
        locator = self.locator
        if locator is None:
            raise InvalidRequest("Expected region=whole: no eye locator is loaded.")
        return locator, crop

    def _sharpen(self, data: bytes, picture: Picture, found: Found, size: int) -> tuple[Picture, Found]:
        """Decode once more in larger, where the photo has more pixels of a target than the network misses."""
        smallest = min((target.square.side for target in found.targets), default=math.inf)
        if smallest >= size:
            return picture, found
        shorter = min(picture.content.size)
        larger = self._decode(data, enough(size, smallest / shorter))
        return larger, found.moved(lambda square: larger.from_original(picture.to_original(square)))

    def _decode(self, data: bytes, min_side: int) -> Picture:
        return decode(data, min_side, self._settings.max_pixels, self._settings.max_side)

    def _outcome(self, prepared: Prepared, outputs: Sequence[Outputs]) -> Answer | Exception:
        try:
            return self._answer(prepared, outputs)
        except Exception as error:  # a poisoned photo must not fail its neighbours
            return error

    def _answer(self, prepared: Prepared, outputs: Sequence[Outputs]) -> Answer:
        metadata, found, tutorials = prepared.bundle.metadata, prepared.found, self._settings.tutorial_url
        with prepared.watch.stage("inference"):
            results = [
                answers.classification(metadata, target, output, tutorials)
                for target, output in zip(found.targets, outputs, strict=True)
            ]
        return Answer(
            model=ModelReference(name=metadata.name, version=metadata.version),
            image=prepared.size,
            results=results,
            people=people.combine(metadata, results, tutorials),
            unusable=[answers.unusable(eye) for eye in found.hidden],
            request_id=prepared.question.request_id,
            milliseconds=prepared.watch.timings(),
        )
