"""The points of a face: MediaPipe's face mesh with attention (Grishchenko et al. 2020)."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.geometry import RGB
from service.sessions import Network
from service.views import Points, View

OUTER: Final = 0
INNER: Final = 8
LOWER_LID: Final = slice(1, 8)
UPPER_LID: Final = slice(9, 16)
"""Places in an eye's points; both lids run from the outer to the inner corner."""
_RIGHT_SIDE, _LEFT_SIDE = 234, 454
_FOREHEAD, _CHIN = 10, 152


@dataclass(frozen=True, eq=False)
class EyePoints:
    """Points of one eye in pixels of the picture."""

    contour: Points
    """`[16, 2]`: outer corner, seven points of the lower lid, inner corner, seven of the upper lid."""
    surround: Points
    """`[71, 2]`: the contour and rings around it, out to the brow and the upper cheek."""
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
    pitch: float
    """Nod of the head in degrees, positive upwards."""


class FaceMesh:
    """Puts points on a face that a detector found."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def points(self, picture: RGB, view: View) -> FacePoints:
        """The points of the face in an upright view of it."""
        answers = self._network(view.pixels(picture, self._network.size, repeat_border=True))
        mesh = answers["mesh"]
        across = mesh[_LEFT_SIDE] - mesh[_RIGHT_SIDE]
        down = mesh[_CHIN] - mesh[_FOREHEAD]
        return FacePoints(
            mesh=view.to_picture(mesh[:, :2]),
            left=_eye(view, answers["left_eye"], answers["left_iris"]),
            right=_eye(view, answers["right_eye"], answers["right_iris"]),
            presence=float(answers["presence"][0]),
            yaw=math.degrees(math.atan2(across[2], math.hypot(across[0], across[1]))),
            pitch=math.degrees(math.atan2(down[2], math.hypot(down[0], down[1]))),
        )


def _eye(view: View, surround: np.ndarray, iris: np.ndarray) -> EyePoints:
    points = view.to_picture(surround)
    return EyePoints(contour=points[:16], surround=points, iris=view.to_picture(iris))
