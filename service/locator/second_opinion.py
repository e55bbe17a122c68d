"""What MediaPipe's iris network thinks of an eye that the face mesh has drawn.

Both networks always draw an eye. Where there is one they agree; on the face of the moon, or of a cat, they
do not. Measured as the mean distance of the sixteen points around the eye in eye widths, mean of both eyes:
0.042 on the median face, 0.103 on the hundredth worst of 399, and 0.125 and more on everything that is none.
"""

import math
from typing import Final, Literal

import numpy as np

from service.locator.mesh import INNER, OUTER, EyePoints
from service.locator.sessions import Network
from service.locator.views import Points, View
from service.pictures.geometry import RGB

MARGIN: Final = 2.3
"""Side of the square that the iris network looks at, in eye widths, as in MediaPipe's own graph."""


def disagreement(picture: RGB, eye: EyePoints, side: Literal["left", "right"], network: Network) -> float:
    """Mean distance between what mesh and iris network draw, in eye widths, by the bundle's `eye`."""
    contour = eye.contour
    width = max(float(np.linalg.norm(contour[OUTER] - contour[INNER])), 1e-3)
    if side == "left":  # the network knows right eyes only
        x0, y0, x1, y1 = _surroundings(picture, contour.mean(axis=0), reach=MARGIN * width)
        picture = np.ascontiguousarray(picture[y0:y1, x0:x1][:, ::-1])
        contour = np.stack([x1 - contour[:, 0], contour[:, 1] - y0], axis=1)
    x, y = (contour[OUTER] + contour[INNER]) / 2
    across, down = contour[INNER] - contour[OUTER]
    view = View(float(x), float(y), MARGIN * width, math.atan2(down, across))
    answers = network(view.pixels(picture, network.size, repeat_border=True))
    drawn = view.to_picture(answers["contour"][0, : len(contour), :2])
    return float(np.linalg.norm(drawn - contour, axis=1).mean() / width)


def _surroundings(picture: RGB, middle: Points, reach: float) -> tuple[int, int, int, int]:
    """Bounds of a part of the picture, at least one pixel of it: left, top, right, bottom."""
    height, width = picture.shape[:2]
    x0 = int(np.clip(middle[0] - reach, 0, width - 1))
    y0 = int(np.clip(middle[1] - reach, 0, height - 1))
    x1 = int(np.clip(middle[0] + reach, x0 + 1, width))
    y1 = int(np.clip(middle[1] + reach, y0 + 1, height))
    return x0, y0, x1, y1
