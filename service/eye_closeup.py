"""Whether a picture without a face is the close-up of one eye.

MediaPipe's iris network (Ablavatski et al. 2020) always draws an eye. Where there is one, the points stay on
it when the network looks at a slightly moved or scaled view; where there is none, they move with the view.
"""

from typing import Final

import numpy as np

from service.eye_quality import CLOSED_BELOW, openness
from service.geometry import RGB
from service.sessions import Network
from service.views import Points, View

MAX_SPREAD: Final = 0.075
"""Mean distance of the points from where the other views put them, in eye widths. Measured: 0.026 to 0.073 on
eye crops, 0.070 to 0.78 on other parts of faces, 0.088 and more on pictures without people."""
SCALES: Final = (1.15, 2.0)
"""Side of the view in sides of the picture's central square: for crops of 2.0 and of 1.2 eye widths."""
_HOPELESS: Final = 3 * MAX_SPREAD
_MOVES: Final = ((0.1, 0.05, 1.0), (-0.1, -0.05, 1.0), (0.0, 0.0, 1.0), (0.0, 0.0, 1.25), (0.0, 0.08, 0.85))
"""Shift right and down in sides of the view, and its scale."""


def is_closeup(picture: RGB, network: Network) -> bool:
    """Whether the middle of a picture shows one open eye from near; `network` is the bundle's `eye`."""
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    for right_eye in (picture, mirrored):  # the network knows right eyes only
        for scale in SCALES:
            points, spread = look(right_eye, network, scale)
            if spread <= MAX_SPREAD and openness(points) >= CLOSED_BELOW:
                return True
    return False


def look(picture: RGB, network: Network, scale: float) -> tuple[Points, float]:
    """Look for a right eye in views of about `scale` times the central square of a picture.

    Returns the points, `[21, 2]`: contour and iris in pixels, and their spread between the views in eye
    widths. Stops early, after two views, where these have nothing in common.
    """
    height, width = picture.shape[:2]
    side = min(height, width) * scale
    drawn: list[Points] = []
    for right, down, zoom in _MOVES:
        view = View(width / 2 + right * side, height / 2 + down * side, side * zoom)
        answers = network(view.pixels(picture, network.size, repeat_border=True))
        shares = np.concatenate([answers["contour"][:16, :2], answers["iris"][:, :2]])
        drawn.append(view.to_picture(shares))
        if len(drawn) == 2 and _spread(drawn) > _HOPELESS:
            break
    return np.median(np.stack(drawn), axis=0), _spread(drawn)


def _spread(drawn: list[Points]) -> float:
    points = np.stack(drawn)
    middle = np.median(points, axis=0)
    width = max(float(np.linalg.norm(middle[0] - middle[8])), 1e-3)
    return float(np.linalg.norm(points - middle, axis=2).mean() / width)
