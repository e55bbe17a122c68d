"""Which squares of a photo a network is asked about, and which eyes it is not asked about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from service.locator.closeup import Closeup
from service.locator.eyes import Eye, EyeLocator, Face
from service.locator.quality import Advice, in_original
from service.locator.scene import Scene
from service.networks.metadata import CropGeometry
from service.pictures.geometry import RGB, Square, with_surroundings
from service.pictures.images import Picture
from service.pictures.regions import Region
from service.schemas import RegionName

NARROWEST: Final = 0.8
"""Share of a close-up's shorter side under which its eye is cut out: the corners are known to some 5 %."""
_UNUSABLE: Final = {
    "closed": ("eye_closed", "The eye is closed. Keep both eyes open and look into the camera."),
    "hidden": ("eye_hidden", "The eye is hidden. Take off dark glasses and move hair or hands away."),
}


@dataclass(frozen=True)
class Target:
    """A square of the decoded picture to classify; `face` is None for the whole picture."""

    region: RegionName
    square: Square
    face: int | None = None
    advice: tuple[Advice, ...] = ()
    central: bool = False
    """Whether it is the largest square in the middle of the picture."""


@dataclass(frozen=True)
class HiddenEye:
    """An eye without a shape to tell, in the decoded picture."""

    region: RegionName
    square: Square
    face: int
    code: str
    detail: str


@dataclass(frozen=True)
class Found:
    """Everything a photo offers: what to classify, and what cannot be."""

    targets: Sequence[Target]
    hidden: Sequence[HiddenEye] = ()

    def moved(self, place: Callable[[Square], Square], middle: Square | None = None) -> "Found":
        """The same where `place` puts each square, for instance in another picture of the photo.

        The largest one in the middle of the picture becomes `middle`, if that is given.
        """
        return Found(
            [
                replace(target, square=middle if middle and target.central else place(target.square))
                for target in self.targets
            ],
            [replace(eye, square=place(eye.square)) for eye in self.hidden],
        )

    def as_in_original(self, picture: Picture) -> "Found":
        """As if the eyes had been located in the original of a picture, not in its reduction.

        The locator's networks put an eye half a pixel left of and above its place (see
        `service.locator.views`), and a pixel of the reduction is several of the original's.
        """
        off = (1 - picture.reduction) / 2
        return self.moved(
            lambda square: Square(square.left + off, square.top + off, square.side),
            Square.central(*picture.content.size),
        )

    def of_original(self, picture: Picture) -> "Found":
        """What to tell about the original of a decoded picture, in pixels of the original.

        Pixels at one end of a reduced picture may stand for fewer of the original's than the others, so that
        the middles of the two are not quite the same.
        """
        return self.moved(picture.to_original, Square.central(picture.width, picture.height))


def advised(found: Found, picture: Picture, crop: CropGeometry) -> Found:
    """The same with the advice that is true of the original: eyes that are small and blurred in a reduction
    need be neither. `picture` is the one that the squares are of now.
    """
    return replace(found, targets=[_advised(target, picture, crop) for target in found.targets])


def _advised(target: Target, picture: Picture, crop: CropGeometry) -> Target:
    if not target.advice:
        return target
    width = target.square.side / crop.scale * picture.factor
    surroundings = target.square.narrowed(crop.scale, crop.centre, to_scale=2, to_centre=0.5)
    near, surroundings = with_surroundings(picture.content, surroundings)
    return replace(target, advice=in_original(target.advice, width, near, surroundings))


def whole(width: int, height: int) -> Found:
    """The central square of a decoded picture."""
    return Found([Target("whole", Square.central(width, height), central=True)])


def find(
    picture: RGB | Scene, locator: EyeLocator, crop: CropGeometry, region: Region, every_face: bool
) -> Found | None:
    """The eyes of the largest face, or of every face; with `auto` also the one eye of a close-up.

    None where the picture shows no eye. Before a face is searched for that is not obvious, the picture may be
    the close-up: what is one is no face as well, and most pictures without an obvious face are.
    """
    scene = Scene.of(picture)
    if faces := locator.obvious(scene, every_face):
        return _eyes(faces, crop)
    if region == "auto" and (closeup := locator.closeup(scene)):
        return _near(scene, closeup, crop)
    faces = locator.search(scene, every_face)
    return _eyes(faces, crop) if faces else None


def _near(scene: Scene, closeup: Closeup, crop: CropGeometry) -> Found:
    """The square that the network knows, or the whole picture where it is hardly larger than that."""
    if closeup.corners is not None:
        square = Square.around_eye(*closeup.corners, crop.scale, crop.centre)
        if square.side <= NARROWEST * min(scene.size):
            return Found([Target("whole", square)])
    return whole(*scene.size)


def _eyes(faces: Sequence[Face], crop: CropGeometry) -> Found:
    pairs = [(index, eye) for index, face in enumerate(faces) for eye in face.eyes]
    return Found(
        [_target(index, eye, crop) for index, eye in pairs if eye.state == "open"],
        [_hidden(index, eye, crop) for index, eye in pairs if eye.state != "open"],
    )


def _target(face: int, eye: Eye, crop: CropGeometry) -> Target:
    return Target(_name(eye), eye.square(crop.scale, crop.centre), face, eye.advice)


def _hidden(face: int, eye: Eye, crop: CropGeometry) -> HiddenEye:
    code, detail = _UNUSABLE[eye.state]
    return HiddenEye(_name(eye), eye.square(crop.scale, crop.centre), face, code, detail)


def _name(eye: Eye) -> RegionName:
    return "left_eye" if eye.side == "left" else "right_eye"
