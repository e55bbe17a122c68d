from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.locator.eyes import DOUBTFUL, EyeLocator, Face
from service.locator.mesh import EyePoints
from service.locator.second_opinion import disagreement
from service.locator.sessions import Network
from service.networks.runtime import Runtime
from service.pictures.geometry import RGB
from service.pictures.images import decode

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(ROOT / "models/eye-locator/1/eye.onnx", Runtime(1), several=True)


@pytest.fixture(scope="module")
def portrait() -> RGB:
    return decode((ROOT / "examples/portrait.jpg").read_bytes()).pixels


@pytest.fixture(scope="module")
def face(portrait: RGB) -> Face:
    return EyeLocator(ROOT / "models/eye-locator/1", Runtime(1)).locate(portrait)[0]


def drawn(face: Face, side: str) -> EyePoints:
    eye = face.left if side == "left" else face.right
    return EyePoints(contour=eye.eyelids, iris=eye.iris)


@pytest.mark.parametrize("side", ["left", "right"])
def test_two_networks_agree_on_an_eye(network: Network, portrait: RGB, face: Face, side: str) -> None:
    assert disagreement(portrait, drawn(face, side), side, network) < 0.1  # type: ignore[arg-type]


@pytest.mark.parametrize("side", ["left", "right"])
def test_and_not_beside_it(network: Network, portrait: RGB, face: Face, side: str) -> None:
    eye = drawn(face, side)
    cheek = replace(eye, contour=eye.contour + (0.0, 2.0 * face.left.width))
    assert disagreement(portrait, cheek, side, network) > DOUBTFUL  # type: ignore[arg-type]


def test_points_beside_the_picture_and_on_one_spot(network: Network, portrait: RGB, face: Face) -> None:
    eye = drawn(face, "left")
    far = replace(eye, contour=eye.contour - 5000.0)
    spot = replace(eye, contour=np.zeros((16, 2)))
    for points in (far, spot):
        assert disagreement(portrait, points, "left", network) > DOUBTFUL
