"""What a network sees of a photo does not depend on how much of it was decoded."""

from pathlib import Path

import numpy as np
import pytest

from service.pictures import regions
from service.pictures.images import decode

PORTRAIT = Path(__file__).parents[3] / "examples" / "portrait.jpg"


@pytest.mark.parametrize(
    ("size", "reduction"), [(40, 1 / 8), (80, 1 / 4), (85, 1 / 4), (86, 1 / 2), (170, 1 / 2), (171, 1)]
)
def test_a_photo_is_decoded_as_small_as_is_enough(size: int, reduction: float) -> None:
    data = PORTRAIT.read_bytes()
    assert regions.decode_whole(data, size).reduction == reduction
    seen = regions.read_whole(data, size).astype(float)
    in_full = regions.cut_whole(decode(data), size)
    assert np.abs(seen - in_full).mean() < 2  # of 255
