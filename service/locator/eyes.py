"""Any photo in, both eyes out: the eye locator.

    locator = EyeLocator(Path("models/eye-locator/1"))
    for face in locator.locate(picture):
        square = face.left.square(scale=1.3, centre=0.5)

Left and right are the person's own. Pixels are those of the picture that was given.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from service.locator import closeup, quality
from service.locator.closeup import Closeup
from service.locator.document import networks
from service.locator.faces import MAX_FACES, Detection, FaceDetector
from service.locator.mesh import FaceMesh, FacePoints
from service.locator.quality import Advice, State
from service.locator.scene import Scene
from service.locator.second_opinion import disagreement
from service.locator.sessions import Network
from service.locator.views import Points
from service.networks.runtime import ON_CPU, Runtime
from service.pictures.geometry import RGB, Point, Square

Side = Literal["left", "right"]

MIN_PRESENCE: Final = 0.4
"""Least probability, by the mesh, that what a detector found is a face."""
SURE_PRESENCE: Final = 0.9
SURE_SCORE: Final = 0.75
"""A face in the whole picture with both needs no second opinion."""
STILL: Final = 0.075
NEARLY_STILL: Final = 0.2
"""On a real face the corners of the eyes move less than this, in eye widths, from one look to the next: twice
in a row, or once where the detector saw the face in the whole picture."""
_LOOKS: Final = 3
MAX_DISAGREEMENT: Final = 0.115
"""Mean of both eyes, over which a face that only a second look has found is none."""
DOUBTFUL: Final = 0.15
"""Disagreement over which an eye of a face that is not obvious counts as hidden."""


@dataclass(frozen=True, eq=False)
class Eye:
    """One eye of a face."""

    side: Side
    outer: Point
    inner: Point
    eyelids: Points
    """`[16, 2]`: outer corner, seven points of the lower lid, inner corner, seven of the upper lid."""
    iris: Points
    """`[5, 2]`: middle, and four points of its edge."""
    width: float
    """Pixels between the corners."""
    openness: float
    """Mean distance of the lids in eye widths; about 0.3 for an open eye."""
    state: State
    """`closed` and `hidden` eyes have no shape to tell."""
    advice: tuple[Advice, ...]
    """What would make a better photo, the gravest first."""

    def square(self, scale: float, centre: float) -> Square:
        """What a network of this crop geometry looks at."""
        return Square.around_eye(self.outer, self.inner, scale, centre)


@dataclass(frozen=True, eq=False)
class Face:
    """A face and its eyes."""

    box: tuple[float, float, float, float]
    """Left, top, width and height of all its points, in pixels."""
    score: float
    """The detector's, 0..1."""
    roll: float
    """Tilt of the eyes' line in degrees, positive clockwise as seen in the picture."""
    yaw: float
    """Turn of the head in degrees, positive to the person's own left."""
    left: Eye
    right: Eye

    @property
    def eyes(self) -> tuple[Eye, Eye]:
        """Left and right eye."""
        return self.left, self.right

    @property
    def area(self) -> float:
        """Of the box, in pixels."""
        return self.box[2] * self.box[3]

    @property
    def middle(self) -> Point:
        """Of the box, in pixels."""
        left, top, width, height = self.box
        return left + width / 2, top + height / 2

    def holds(self, x: float, y: float) -> bool:
        """Whether a place, in pixels, lies in the box."""
        left, top, width, height = self.box
        return left <= x <= left + width and top <= y <= top + height


class EyeLocator:
    """Finds faces and their eyes; safe to call from several threads at once.

    `folder` is the bundle `models/eye-locator/<version>`. Raises InvalidBundle where it is incomplete.
    """

    def __init__(self, folder: Path, runtime: Runtime = ON_CPU) -> None:
        self.folder = folder
        near, far, mesh, eye = networks(folder)
        self._detector = FaceDetector(Network(near, runtime), Network(far, runtime))
        self._mesh = FaceMesh(Network(mesh, runtime))
        self._eye = Network(eye, runtime, several=True)

    @property
    def version(self) -> int:
        """Of the bundle."""
        return int(self.folder.name)

    def locate(self, picture: RGB | Scene, every_face: bool = False) -> list[Face]:
        """The largest face of an upright picture, or every one from large to small; empty where is none.

        A picture without an obvious face is searched again for tilted, small and very close faces, and so is
        every picture where all are wanted.
        """
        scene = Scene.of(picture)
        return self.obvious(scene, every_face) or self.search(scene, every_face)

    def obvious(self, picture: RGB | Scene, every_face: bool = False) -> list[Face]:
        """As `locate`; empty where one look at the whole picture shows no face."""
        scene = Scene.of(picture)
        faces = self._confirmed(scene, self._detector.first_look(scene), trusted=True)
        if faces and every_face:
            faces = self._with_others(scene, faces)
        return _sorted(faces, every_face)

    def search(self, picture: RGB | Scene, every_face: bool = False) -> list[Face]:
        """As `locate`, where none is obvious: tilted, small and very close faces, in several looks."""
        scene = Scene.of(picture)
        if every_face:
            return _sorted(self._with_others(scene, []), every_face)
        looks = (self._confirmed(scene, found) for found in self._detector.second_look(scene))
        return _sorted(next((found for found in looks if found), []), every_face)

    def closeup(self, picture: RGB | Scene) -> Closeup | None:
        """The eye that the middle of a picture without a face shows from near, open and visible, or None."""
        return closeup.find(picture, self._eye)

    def _with_others(self, scene: Scene, faces: list[Face]) -> list[Face]:
        """These faces, and those besides that a second look shows; at most `MAX_FACES`."""
        for found in self._detector.second_look(scene):
            new = [one for one in found if not any(face.holds(one.view.x, one.view.y) for face in faces)]
            for face in self._confirmed(scene, new[: MAX_FACES - len(faces)]):
                if not any(_is_same(face, known) for known in faces):
                    faces.append(face)
        return faces

    def _confirmed(self, scene: Scene, detections: list[Detection], trusted: bool = False) -> list[Face]:
        faces = []
        for one in detections:
            points = self._mesh.points(scene, one.view)
            sure = trusted and one.score >= SURE_SCORE and points.presence >= SURE_PRESENCE
            if sure:
                faces.append(_face(scene, one, points))
                continue
            settled = self._settled(scene, points, trusted)
            if settled is not None:
                faces += self._examined(scene, _face(scene, one, settled), settled, trusted)
        return faces

    def _settled(self, scene: Scene, points: FacePoints, trusted: bool) -> FacePoints | None:
        """Look closer until the points hold still; None for lamps and clouds, on which they roam."""
        closer = self._mesh.points(scene, points.view)
        moved = closer.distance(points)
        if trusted and points.presence >= MIN_PRESENCE and moved <= NEARLY_STILL:
            return points
        for _ in range(_LOOKS):
            before, points = moved, closer
            closer = self._mesh.points(scene, points.view)
            moved = closer.distance(points)
            if max(before, moved) <= STILL:
                return closer if closer.presence >= MIN_PRESENCE else None
        return None

    def _examined(self, scene: Scene, face: Face, points: FacePoints, trusted: bool) -> list[Face]:
        """The face with its doubtful eyes hidden; nothing where it is none."""
        left = disagreement(scene.pixels, points.left, "left", self._eye)
        right = disagreement(scene.pixels, points.right, "right", self._eye)
        if not trusted and (left + right) / 2 > MAX_DISAGREEMENT:
            return []
        return [replace(face, left=_doubted(face.left, left), right=_doubted(face.right, right))]


def _is_same(one: Face, other: Face) -> bool:
    """Whether two are the same face: the middle of one lies in the other."""
    return one.holds(*other.middle) or other.holds(*one.middle)


def _sorted(faces: list[Face], every_face: bool) -> list[Face]:
    faces.sort(key=lambda face: -face.area)
    return faces if every_face else faces[:1]


def _doubted(eye: Eye, disagreement: float) -> Eye:
    return replace(eye, state="hidden") if eye.state == "open" and disagreement > DOUBTFUL else eye


def _face(scene: Scene, detection: Detection, points: FacePoints) -> Face:
    across = points.left.contour[0] - points.right.contour[0]
    roll = float(np.degrees(np.arctan2(across[1], across[0])))
    low, high = points.mesh.min(axis=0), points.mesh.max(axis=0)
    return Face(
        box=(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])),
        score=detection.score,
        roll=roll,
        yaw=points.yaw,
        left=_eye(scene, points, "left", roll),
        right=_eye(scene, points, "right", roll),
    )


def _eye(scene: Scene, points: FacePoints, side: Side, roll: float) -> Eye:
    found = points.left if side == "left" else points.right
    measured = quality.measure(scene, points, side)
    outer, inner = found.contour[0], found.contour[8]
    return Eye(
        side=side,
        outer=(float(outer[0]), float(outer[1])),
        inner=(float(inner[0]), float(inner[1])),
        eyelids=found.contour,
        iris=found.iris,
        width=measured.width,
        openness=measured.openness,
        state=quality.state(measured),
        advice=quality.advice(measured, roll, points.yaw),
    )
