"""What spoke for an answer, as a picture to lay over the photo."""

import base64
import io
from typing import Final

import numpy as np
from PIL import Image

from service.arrays import NDArray

COLOUR: Final = (255, 64, 0)
SIDE: Final = 64
"""Pixels: enough for a soft overlay of a map of some ten places a side, and quickly encoded."""
_OPAQUE: Final = 190
"""Alpha of the strongest place: the photo still shines through."""


def data_url(evidence: NDArray[np.float32]) -> str:
    """A PNG of 64 x 64 pixels as data URL: the more a place `[h, w]` spoke for a class, the more opaque.

    Places that spoke against it are clear, as in Selvaraju et al., "Grad-CAM" (ICCV 2017).
    """
    strength = np.maximum(np.nan_to_num(evidence), 0)
    strength = strength / max(float(strength.max()), 1e-6)
    levels = Image.fromarray((strength * _OPAQUE).astype(np.uint8))
    overlay = Image.new("RGB", (SIDE, SIDE), COLOUR)
    overlay.putalpha(levels.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    file = io.BytesIO()
    overlay.save(file, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
