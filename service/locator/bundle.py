"""The eye locator's bundle on disk: `models/<name>/<version>/` with `locator.json` and a golden photo."""

import math
from pathlib import Path
from typing import Any, Final

from service.errors import InvalidBundle, ServiceError
from service.locator.document import DOCUMENT, read_document
from service.locator.eyes import EyeLocator, Face
from service.networks.folders import check_files, named
from service.networks.runtime import ON_CPU, Runtime
from service.pictures.images import decode

TOLERANCE: Final = 0.05
"""Eye widths that a corner may lie from where the bundle says: processors round differently."""


def load(folder: Path, runtime: Runtime = ON_CPU) -> EyeLocator:
    """Load a locator and let it find the eyes of its golden photo, which also warms it up.

    Raises InvalidBundle with a one-line reason.
    """
    check_files(folder)
    locator = EyeLocator(folder, runtime)
    golden: Any = read_document(folder).get("golden")
    path = folder / DOCUMENT
    try:
        photo, corners = named(path, golden["file"]), golden["corners"]
        faces = locator.locate(decode(photo.read_bytes()).pixels)
        off = max((_distance(face, corners) for face in faces), default=math.inf)
    except InvalidBundle:
        raise
    except (LookupError, TypeError, ValueError, OSError, ServiceError) as error:
        raise InvalidBundle(
            f"{path}: expected a golden photo and the corners of its eyes: {error!r}"
        ) from None
    except Exception as error:  # ONNX Runtime raises its own unrelated classes
        reason = str(error).partition("\n")[0]
        raise InvalidBundle(f"{folder}: the locator fails on its golden photo: {reason}") from error
    if not off <= TOLERANCE:
        raise InvalidBundle(
            f"{path}: the eyes of {golden['file']} are off by {off:.3f} eye widths (tolerance {TOLERANCE})."
        )
    return locator


def golden_corners(face: Face) -> dict[str, Any]:
    """What a bundle keeps: outer and inner corner of each eye, in pixels."""
    return {
        eye.side: [[round(value, 2) for value in corner] for corner in (eye.outer, eye.inner)]
        for eye in face.eyes
    }


def _distance(face: Face, corners: dict[str, Any]) -> float:
    """Of the worst corner from its place, in eye widths."""
    return max(
        math.dist(found, expected) / max(eye.width, 1e-3)
        for eye in face.eyes
        for found, expected in zip((eye.outer, eye.inner), corners[eye.side], strict=True)
    )
