"""Which parts of a photo a model looks at: its eyes, found as the service finds them, or the whole."""

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

from service.answering import targets
from service.answering.targets import Found
from service.errors import ServiceError
from service.locator.document import newest_locator
from service.locator.eyes import EyeLocator
from service.networks.classifier import Classifier
from service.pictures.geometry import RGB, Square, cut
from service.pictures.images import decode
from service.pictures.regions import Region, enough
from training.data.dataset import Photo
from training.data.photos import read_named, square
from training.errors import TrainingError

TITLES: Final = {"left_eye": "Left eye", "right_eye": "Right eye", "whole": "The picture"}
SIDE: Final = 1440
"""Shorter side in pixels to which a large JPEG is decoded: enough for faces and for their eyes."""


@dataclass(frozen=True)
class Part:
    """A part of a photo as the network sees it."""

    title: str
    pixels: RGB
    """`[S, S, 3]`"""
    box: tuple[float, float, float, float] | None
    """Left, top, width and height as shares of the photo; None where it is all of it."""


@dataclass(frozen=True)
class Wish:
    """What of a photo a user wants to see."""

    region: Region = "auto"
    eye: str | None = None
    """`left` or `right` for one eye of a face; None for both."""
    wide: bool = False
    """Whether the photo was cut by `training crop`."""


def parts(path: Path, classifier: Classifier, wish: Wish, models: Path) -> tuple[RGB, list[Part]]:
    """The decoded photo and its parts; `models` is the folder with the bundle `eye-locator`.

    Raises TrainingError for a photo that cannot be read, and where the wish cannot be fulfilled.
    """
    size, crop = classifier.input_size, classifier.metadata.crop
    try:
        picture = decode(read_named(path), min_side=max(SIDE, enough(size))).pixels
    except OSError as error:
        raise TrainingError(f"Expected a picture at {path}. It cannot be read: {error.strerror}.") from None
    except ServiceError as error:
        raise TrainingError(f"Expected a picture at {path}. {error}") from None
    if wish.wide or crop is None or wish.region == "whole":
        if crop is None and wish.region == "eyes":
            name = classifier.metadata.name
            raise TrainingError(f"Expected --region auto or whole: {name} looks at whole pictures.")
        if wish.eye:
            raise TrainingError(
                "Expected a face to choose an eye of. Received: a picture looked at as a whole."
            )
        height, width = picture.shape[:2]
        photo = Photo(path, "", "", "", geometry="wide" if wish.wide else "whole")
        return picture, [_part("whole", picture, square(photo, width, height, crop), size)]
    found = targets.find(picture, _locator(models), crop, wish.region, every_face=False)
    return picture, _chosen(path, picture, found, wish, size)


def _chosen(path: Path, picture: RGB, found: Found | None, wish: Wish, size: int) -> list[Part]:
    if found is None:
        raise TrainingError(
            f"Expected a face, or one open eye from near, in {path}. Received: a picture of neither; "
            "see --region whole."
        )
    wanted = [one for one in found.targets if wish.eye is None or one.region == f"{wish.eye}_eye"]
    if not wanted:
        reasons = " ".join(sorted({eye.detail for eye in found.hidden})) or "No eye of a face was found."
        raise TrainingError(f"Expected an open eye in {path}. {reasons}")
    return [_part(one.region, picture, one.square, size) for one in wanted]


def _part(region: str, picture: RGB, looked_at: Square, size: int) -> Part:
    height, width = picture.shape[:2]
    box = (looked_at.left / width, looked_at.top / height, looked_at.side / width, looked_at.side / height)
    everything = min(width, height) <= ceil(looked_at.side) and abs(width - height) < 2
    return Part(TITLES[region], cut(picture, looked_at, size), None if everything else box)


def _locator(models: Path) -> EyeLocator:
    folder = newest_locator(models / "eye-locator")
    if folder is None:
        raise TrainingError(
            f"Expected the eye locator in {models / 'eye-locator'}. Received: nothing there; see --models."
        )
    try:
        return EyeLocator(folder)
    except ServiceError as error:
        raise TrainingError(str(error)) from None
