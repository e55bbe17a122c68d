"""Can this eye be judged: open, closed or hidden, and what would make a better photo.

Brightness is compared with the person's own skin, so that neither skin colour nor exposure decides. The
bounds were set on portraits, on the same portraits with drawn dark glasses and with eyelids drawn shut; see
`benchmarks/README.md`.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from PIL import Image, ImageDraw

from service.arrays import NDArray
from service.locator.mesh import LOWER_LID, UPPER_LID, EyePoints, FacePoints
from service.locator.quantiles import median, percentiles
from service.locator.scene import Scene
from service.locator.views import Points, View
from service.pictures.geometry import RGB, Square

State = Literal["open", "closed", "hidden"]

CLOSED_BELOW: Final = 0.125
"""Mean distance of the lids in eye widths."""
NARROW_BELOW: Final = 0.17
"""Openness under which an eye without iris and white counts as closed instead of hidden."""
DARK_BELOW: Final = 0.35
"""Brightest tenth between the lids, as a share of the skin's brightness."""
FAINT_BELOW: Final = 0.25
"""Contrast between the lids, as a share of the skin's brightness, of a dark eye behind dark glass."""
FLAT_BELOW: Final = 0.18
"""Contrast under which there is neither iris nor white to be seen."""
MIN_WIDTH: Final = 24.0
"""Pixels between the corners of an eye."""
MIN_BRIGHTNESS: Final = 45.0
"""Mean level around the eye, 0..255."""
MIN_SHARPNESS: Final = 0.025
MAX_YAW: Final = 30.0
MAX_ROLL: Final = 30.0
"""Degrees."""
MIN_VISIBLE: Final = 0.98
"""Share of the eye inside the picture."""

_SIZE: Final = 64
_TOO_SMALL: Final = "face_too_small"
_BLURRED: Final = "blurred"
_FOREHEAD: Final = (9, 108, 151, 337)
_CHEEKS: Final = {"left": (280, 330, 347), "right": (50, 101, 118)}


@dataclass(frozen=True)
class Advice:
    """What would make a better photo: a stable code, the measured value and the bound it missed."""

    code: str
    value: float
    bound: float
    message: str


@dataclass(frozen=True)
class Measurements:
    """What is measured about an eye before anything is decided."""

    width: float
    """Pixels between the corners."""
    openness: float
    """Mean distance of the lids in eye widths; about 0.3 for an open eye."""
    white: float
    """Level of the brightest tenth between the lids as a share of the skin's level."""
    contrast: float
    """Brightest less darkest tenth between the lids as a share of the skin's level."""
    brightness: float
    """Mean level around the eye, 0..255."""
    sharpness: float
    """Detail of the finest scale as a share of all detail around the eye, at 32 pixels an eye."""
    visible: float
    """Share of the points around the eye that lie inside the picture, 0..1."""


def measure(scene: Scene, points: FacePoints, side: Literal["left", "right"]) -> Measurements:
    """Measure one eye of a face."""
    eye: EyePoints = getattr(points, side)
    outer, inner = eye.contour[0], eye.contour[8]
    across = inner - outer if side == "right" else outer - inner
    width = float(np.hypot(*across))
    middle = (outer + inner) / 2
    view = View(float(middle[0]), float(middle[1]), 2 * max(width, 1e-3), math.atan2(across[1], across[0]))
    levels = _levels(scene, view)
    between = levels[_inside(eye.contour, view)]
    skin = _skin(scene.pixels, points, side)
    dark, bright = percentiles(between, (10, 90)) if between.size else (skin, skin)
    return Measurements(
        width=width,
        openness=openness(eye.contour),
        white=float(bright / skin),
        contrast=float((bright - dark) / skin),
        brightness=float(levels.mean()),
        sharpness=_sharpness(levels),
        visible=_visible(eye.contour, *scene.size),
    )


def state(measured: Measurements) -> State:
    """Whether the eye can be judged at all."""
    if measured.contrast < FAINT_BELOW and measured.white < DARK_BELOW:
        return "hidden"
    if measured.openness < CLOSED_BELOW:
        return "closed"
    if measured.contrast < FLAT_BELOW:
        return "closed" if measured.openness < NARROW_BELOW else "hidden"
    return "open"


def advice(measured: Measurements, roll: float, yaw: float) -> tuple[Advice, ...]:
    """What would make a better photo, the gravest first."""
    checks = (
        ("eye_cut_off", measured.visible, MIN_VISIBLE, False, "Keep both eyes inside the picture."),
        (_TOO_SMALL, measured.width, MIN_WIDTH, False, "Come closer or use a larger photo."),
        ("too_dark", measured.brightness, MIN_BRIGHTNESS, False, "Find more light."),
        (_BLURRED, measured.sharpness, MIN_SHARPNESS, False, "Hold the camera still and let it focus."),
        ("turned_away", abs(yaw), MAX_YAW, True, "Look straight into the camera."),
        ("tilted", abs(roll), MAX_ROLL, True, "Hold your head or the camera upright."),
    )
    return tuple(
        Advice(code, round(value, 3), bound, message)
        for code, value, bound, is_upper, message in checks
        if (value > bound if is_upper else value < bound)
    )


def in_original(
    told: tuple[Advice, ...], width: float, picture: RGB, surroundings: Square
) -> tuple[Advice, ...]:
    """Of the advice about an eye in a reduced photo, what is true of its original.

    `width` is the eye's in pixels of the original. `picture` is the original, or less reduced, and the
    surroundings are a square of two eye widths in it, with the eye in its middle.
    """
    kept = []
    for one in told:
        if one.code == _TOO_SMALL:
            one = replace(one, value=round(width, 3))
        elif one.code == _BLURRED:
            side = surroundings.side
            view = View(surroundings.left + side / 2, surroundings.top + side / 2, side)
            one = replace(one, value=round(_sharpness(_levels(Scene(picture), view)), 3))
        if one.code not in (_TOO_SMALL, _BLURRED) or one.value < one.bound:
            kept.append(one)
    return tuple(kept)


def openness(contour: Points) -> float:
    """Mean distance of the lids in eye widths (cf. the eye aspect ratio of Soukupova and Cech 2016)."""
    width = np.linalg.norm(contour[0] - contour[8])
    gaps = np.linalg.norm(contour[UPPER_LID] - contour[LOWER_LID], axis=1)
    return float(gaps.mean() / max(float(width), 1e-3))


def luminance(picture: RGB) -> NDArray[np.float64]:
    """Levels 0..255 as the eye weighs the colours (ITU-R BT.601)."""
    levels: NDArray[np.float64] = picture @ np.array([0.299, 0.587, 0.114])
    return levels


def _inside(contour: Points, view: View) -> NDArray[np.bool_]:
    """Pixels of the view between the lids."""
    shares = view.from_picture(contour)
    outline = np.concatenate([shares[:9], shares[:8:-1]]) * _SIZE
    mask = Image.new("1", (_SIZE, _SIZE))
    ImageDraw.Draw(mask).polygon([(float(x), float(y)) for x, y in outline], fill=1)
    return np.asarray(mask)


def _skin(picture: RGB, points: FacePoints, side: Literal["left", "right"]) -> float:
    """Level of the skin: the brighter of the cheek and the forehead, as a mask or hair may cover one."""
    places = (_median_level(picture, points.mesh[list(chosen)]) for chosen in (_FOREHEAD, _CHEEKS[side]))
    return max(1.0, *places)


def _median_level(picture: RGB, points: Points) -> float:
    height, width = picture.shape[:2]
    x = np.clip(points[:, 0].astype(int), 0, width - 1)
    y = np.clip(points[:, 1].astype(int), 0, height - 1)
    return float(median(luminance(picture[y, x])))


def _levels(scene: Scene, view: View) -> NDArray[np.float64]:
    return luminance(view.pixels(scene, _SIZE, repeat_border=True))


def _sharpness(levels: NDArray[np.float64]) -> float:
    fine = (
        levels[1:-1, 1:-1] - (levels[:-2, 1:-1] + levels[2:, 1:-1] + levels[1:-1, :-2] + levels[1:-1, 2:]) / 4
    )
    return float(fine.std() / max(float(levels.std()), 1e-3))


def _visible(contour: Points, width: int, height: int) -> float:
    inside = (contour >= 0) & (contour <= (width, height))
    return float(inside.all(axis=1).mean())
