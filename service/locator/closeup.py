"""Whether a picture without a face is the close-up of one eye, and where the eye is.

MediaPipe's iris network (Ablavatski et al. 2020) always draws an eye. Where there is one, the points stay on
it when the network looks at a slightly moved or scaled view; where there is none, they move with the view.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from service.locator.mesh import INNER, OUTER
from service.locator.quality import CLOSED_BELOW, openness
from service.locator.quantiles import median
from service.locator.scene import Scene
from service.locator.sessions import Network
from service.locator.views import Points, View
from service.pictures.geometry import RGB, Point

MAX_SPREAD: Final = 0.075
"""Mean distance of the points from where the other views put them, in eye widths. Measured: 0.026 to 0.073 on
eye crops, 0.070 to 0.78 on other parts of faces, 0.088 and more on pictures without people."""
SCALES: Final = (1.15, 2.0)
"""Side of the view in sides of the picture's central square: for crops of 2.0 and of 1.2 eye widths."""
SEEN_WIDTH: Final = 0.9
"""Width of the eye that the network draws in the first of these views, in true widths. Measured: median 0.90,
90 % from 0.82 to 0.95, on crops of 2.0 eye widths; 0.77 on crops of 1.6."""
FILLS_FROM: Final = 0.5
"""Share of the picture's side from which on a drawn eye fills it. Measured: 0.41 to 0.47 on crops of 2.0 eye
widths. On crops of 1.2 only the second view shows an eye, with few exceptions."""
_HOPELESS: Final = 3 * MAX_SPREAD
_MOVES: Final = (
    ((0.1, 0.05, 1.0), (-0.1, -0.05, 1.0)),
    ((0.0, 0.0, 1.0), (0.0, 0.0, 1.25), (0.0, 0.08, 0.85)),
)
"""Shift right and down in sides of the view, and its scale: of two views, and of three more."""


@dataclass(frozen=True)
class Closeup:
    """A picture of one open eye."""

    corners: tuple[Point, Point] | None
    """The one on the left of the picture first; which eye of the person it is cannot be told. None where the
    eye fills the picture: its corners are then seen too badly to cut by them, and there is no need to."""


def find(picture: RGB | Scene, network: Network) -> Closeup | None:
    """The eye that the middle of a picture shows from near; None where there is none.

    `network` is the bundle's `eye`.
    """
    scene = Scene.of(picture)
    width = scene.size[0]
    for scale in SCALES:
        # The network knows right eyes only: it looks at the picture and at its mirror image.
        straight = _corners(scene, network, scale)
        mirrored = _corners(scene.mirrored, network, scale)
        found = [] if straight is None else [straight]
        if mirrored is not None:
            found.append(np.stack([width - mirrored[::-1, 0], mirrored[::-1, 1]], axis=1))
        if found:
            left, right = np.mean(found, axis=0)
            return _closeup(left, right, min(scene.size), scale)
    return None


def _closeup(left: Points, right: Points, side: int, scale: float) -> Closeup:
    if scale != SCALES[0] or np.linalg.norm(right - left) >= FILLS_FROM * side:
        return Closeup(None)
    middle, half = (left + right) / 2, (right - left) / 2 / SEEN_WIDTH
    return Closeup((_point(middle - half), _point(middle + half)))


def _corners(scene: Scene, network: Network, scale: float) -> Points | None:
    """Outer and inner corner of a right eye as the network sees them, `[2, 2]`; None where it sees no eye."""
    points, spread = look(scene, network, scale)
    if spread <= MAX_SPREAD and openness(points) >= CLOSED_BELOW:
        return points[[OUTER, INNER]]
    return None


def _point(place: Points) -> Point:
    return float(place[0]), float(place[1])


def look(scene: Scene, network: Network, scale: float) -> tuple[Points, float]:
    """Look for a right eye in views of about `scale` times the central square of a picture.

    Returns the points, `[21, 2]`: contour and iris in pixels, and their spread between the views in eye
    widths. Stops early, after two views, where these have nothing in common.
    """
    width, height = scene.size
    side = min(height, width) * scale
    drawn: list[Points] = []
    for moves in _MOVES:
        views = [
            View(width / 2 + right * side, height / 2 + down * side, side * zoom)
            for right, down, zoom in moves
        ]
        # Together: one by one they take a quarter more.
        answers = network(*(view.pixels(scene, network.size, repeat_border=True) for view in views))
        shares = np.concatenate([answers["contour"][:, :16, :2], answers["iris"][..., :2]], axis=1)
        drawn += [view.to_picture(points) for view, points in zip(views, shares, strict=True)]
        spread = _spread(drawn)
        if spread > _HOPELESS:
            break
    return median(np.stack(drawn)), spread


def _spread(drawn: list[Points]) -> float:
    points = np.stack(drawn)
    middle = median(points)
    width = max(float(np.linalg.norm(middle[0] - middle[8])), 1e-3)
    return float(np.linalg.norm(points - middle, axis=2).mean() / width)
