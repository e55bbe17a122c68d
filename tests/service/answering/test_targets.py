"""Which square of a photo the answer is about."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.answering.predictor import Asked
from service.answering.prepared import Question
from service.lifecycle.loading import load_predictor
from service.pictures.regions import read_whole
from tests.serving import settings_for


def photo(kind: str, width: int, height: int, orientation: int = 1) -> bytes:
    """Sharp edges everywhere: a square that is only a little elsewhere has other pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (height // 9 + 1, width // 9 + 1, 3), dtype=np.uint8)
    image = Image.fromarray(pixels.repeat(9, axis=0).repeat(9, axis=1)[:height, :width])
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    image.save(file, kind, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize(
    ("size", "orientation", "box"),
    [
        ((4001, 999), 1, (1501.0, 0.0, 999.0)),
        ((999, 4001), 1, (0.0, 1501.0, 999.0)),
        ((4001, 999), 6, (0.0, 1501.0, 999.0)),
        ((1000, 667), 3, (166.5, 0.0, 667.0)),
        ((40, 31), 1, (4.5, 0.0, 31.0)),
    ],
)
def test_the_box_of_a_whole_picture_is_its_middle_however_it_was_reduced(
    models: Path, kind: str, size: tuple[int, int], orientation: int, box: tuple[float, float, float]
) -> None:
    predictor, data = load_predictor(settings_for(models)), photo(kind, *size, orientation)
    prepared = predictor.prepare(Asked(data, Question("whole")))
    (answer,) = predictor.finish([prepared])
    assert not isinstance(answer, Exception)
    told = answer.results[0].box
    assert (told.left, told.top, told.width) == box
    assert told.height == told.width
    # What the network has seen is what training sees, the middle of the reduced picture.
    np.testing.assert_array_equal(prepared.pixels[0], read_whole(data, 32))
