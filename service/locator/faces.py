"""Where the faces are: MediaPipe's BlazeFace detectors (Bazarevsky et al. 2019) on views of a picture."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from service.arrays import NDArray
from service.locator.mesh import FACE_MARGIN
from service.locator.scene import Scene
from service.locator.sessions import Answers, Network
from service.locator.views import Points, View

SCORE: Final = 0.5
FAR_SCORE: Final = 0.6
"""Least scores, as in MediaPipe's own graphs."""
OVERLAP: Final = 0.3
"""Boxes that overlap more than this (intersection over union) are the same face."""

MAX_FACES: Final = 32
"""Most faces of one picture, the most certain ones: a collage of hundreds would keep a worker for minutes."""


@dataclass(frozen=True)
class Detection:
    """A face seen by a detector, and the upright view of it that the mesh should look at."""

    view: View
    score: float


class FaceDetector:
    """Finds faces: near ones in one pass, otherwise on turned, larger and smaller views.

    `near` takes selfies (faces of at least 1/6 of the picture or so), `far` smaller faces.
    """

    def __init__(self, near: Network, far: Network) -> None:
        self._near = near
        self._far = far

    def first_look(self, scene: Scene) -> list[Detection]:
        """Faces in the whole picture, the most certain first: what nearly every portrait needs."""
        return self._detect(self._near, scene, [View.whole(*scene.size)], SCORE)

    def second_look(self, scene: Scene) -> Iterable[list[Detection]]:
        """More expensive looks, one after the other, for a picture in which `first_look` saw no face."""
        whole = View.whole(*scene.size)
        yield self._detect(self._far, scene, [whole], FAR_SCORE)
        turned = [View(whole.x, whole.y, whole.side * 1.2, angle) for angle in (-math.pi / 4, math.pi / 4)]
        yield self._detect(self._near, scene, [View.whole(*scene.size, margin=1.0), *turned], SCORE)
        if max(scene.size) >= 2 * self._far.size:  # enlarging shows nothing new
            yield self._detect(self._far, scene, _tiles(*scene.size), FAR_SCORE)

    def _detect(self, network: Network, scene: Scene, views: list[View], least: float) -> list[Detection]:
        found = []
        for view in views:
            answers = network(view.pixels(scene, network.size, repeat_border=False))
            found += _detections(answers, view, least)
        return without_repeats(found)


def _tiles(width: int, height: int) -> list[View]:
    """Squares of half the longer side that cover the picture and overlap by half."""
    side = max(width, height) / 2
    return [View(x, y, side) for y in _middles(height, side) for x in _middles(width, side)]


def _middles(length: float, side: float) -> list[float]:
    if length <= side:
        return [length / 2]
    count = math.ceil((length - side) / (side / 2)) + 1
    return list(np.linspace(side / 2, length - side / 2, count))


def _detections(answers: Answers, view: View, least: float) -> list[Detection]:
    likely = answers["scores"] >= least
    boxes, scores = answers["boxes"][likely], answers["scores"][likely]
    return [_detection(box, float(score), view) for box, score in merged(boxes, scores)]


def merged(
    boxes: NDArray[np.float32], scores: NDArray[np.float32]
) -> list[tuple[NDArray[np.float32], np.float32]]:
    """Non-maximum suppression that averages what overlaps, weighted by score; the best score first.

    `boxes` is `[n, 16]`: middle, width and height, then six points; the answer holds rows of it.
    """
    faces = []
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    while len(scores):
        same = _overlap(boxes[0], boxes) > OVERLAP
        same[0] = True
        faces.append((np.average(boxes[same], axis=0, weights=scores[same]), scores[0]))
        boxes, scores = boxes[~same], scores[~same]
    return faces


def _overlap(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    low = np.maximum(box[:2] - box[2:4] / 2, others[:, :2] - others[:, 2:4] / 2)
    high = np.minimum(box[:2] + box[2:4] / 2, others[:, :2] + others[:, 2:4] / 2)
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    union = box[2] * box[3] + others[:, 2] * others[:, 3] - shared
    shares: NDArray[np.float32] = shared / np.maximum(union, 1e-9)
    return shares


def _detection(box: NDArray[np.float32], score: float, view: View) -> Detection:
    points: Points = view.to_picture(np.stack([box[:2], box[4:6], box[6:8]]))
    middle, right_eye, left_eye = points
    across, down = left_eye - right_eye
    side = float(max(box[2], box[3])) * view.side * FACE_MARGIN
    return Detection(View(float(middle[0]), float(middle[1]), side, math.atan2(down, across)), score)


def without_repeats(detections: list[Detection]) -> list[Detection]:
    """The same faces seen in several views only once, the most certain first, at most `MAX_FACES`."""
    kept: list[Detection] = []
    for one in sorted(detections, key=lambda detection: -detection.score):
        apart = (
            math.dist((one.view.x, one.view.y), (other.view.x, other.view.y))
            > 0.25 * max(one.view.side, other.view.side)
            for other in kept
        )
        if all(apart):
            kept.append(one)
    return kept[:MAX_FACES]
