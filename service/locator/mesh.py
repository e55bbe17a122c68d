"""The points of a face: MediaPipe's face mesh with attention (Grishchenko et al. 2020)."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.arrays import NDArray
from service.locator.scene import Scene
from service.locator.sessions import Network
from service.locator.views import Points, View

OUTER: Final = 0
INNER: Final = 8
LOWER_LID: Final = slice(1, 8)
UPPER_LID: Final = slice(9, 16)
"""Places in an eye's points; both lids run from the outer to the inner corner."""
FACE_MARGIN: Final = 1.5
"""Side of the square that the mesh looks at, in sides of the box around the face."""
_RIGHT_SIDE, _LEFT_SIDE = 234, 454


@dataclass(frozen=True, eq=False)
class EyePoints:
    """Points of one eye in pixels of the picture."""

    contour: Points
    """`[16, 2]`: outer corner, seven points of the lower lid, inner corner, seven of the upper lid."""
    iris: Points
    """`[5, 2]`: middle, and four points of its edge."""


@dataclass(frozen=True, eq=False)
class FacePoints:
    """Points of a face in pixels of the picture; left and right are the person's own."""

    mesh: Points
    """`[468, 2]`"""
    left: EyePoints
    right: EyePoints
    presence: float
    """Probability that the view shows a face, 0..1."""
    yaw: float
    """Turn of the head in degrees, positive to the person's own left."""

    @property
    def view(self) -> View:
        """The upright view around the points: what to look at for a second, closer look."""
        low, high = self.mesh.min(axis=0), self.mesh.max(axis=0)
        x, y = (low + high) / 2
        right, down = self.left.contour[OUTER] - self.right.contour[OUTER]
        return View(float(x), float(y), FACE_MARGIN * float(max(high - low)), math.atan2(down, right))

    def distance(self, other: "FacePoints") -> float:
        """Mean distance of the corners of the eyes from another look at the face, in eye widths."""
        ours, theirs = (
            np.concatenate([face.left.contour[[OUTER, INNER]], face.right.contour[[OUTER, INNER]]])
            for face in (self, other)
        )
        width = np.linalg.norm(ours[[0, 2]] - ours[[1, 3]], axis=1).mean()
        return float(np.linalg.norm(ours - theirs, axis=1).mean() / max(width, 1e-3))


class FaceMesh:
    """Puts points on a face that a detector found."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def points(self, scene: Scene, view: View) -> FacePoints:
        """The points of the face in an upright view of it."""
        answers = self._network(view.pixels(scene, self._network.size, repeat_border=True))
        mesh = answers["mesh"]
        across = mesh[_LEFT_SIDE] - mesh[_RIGHT_SIDE]
        return FacePoints(
            mesh=view.to_picture(mesh[:, :2]),
            left=_eye(view, answers["left_eye"], answers["left_iris"]),
            right=_eye(view, answers["right_eye"], answers["right_iris"]),
            presence=float(answers["presence"][0]),
            yaw=math.degrees(math.atan2(across[2], math.hypot(across[0], across[1]))),
        )


def _eye(view: View, surround: NDArray[np.float32], iris: NDArray[np.float32]) -> EyePoints:
    """An eye of which the network has drawn 71 points: its contour, then rings out to brow and cheek."""
    return EyePoints(contour=view.to_picture(surround[:16]), iris=view.to_picture(iris))
