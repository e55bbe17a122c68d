"""The report of `training check` as a file in Chromium: every section fits, on a phone too."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect

from tests.browser.conftest import Open, Shoot
from tests.training.checks.pictures import save, scene
from training.checks.inspection import inspect
from training.checks.report import render
from training.checks.survey import survey

pytestmark = pytest.mark.browser


class Pixels:
    """The pixels themselves as features: enough to tell bright from dark."""

    size = 8

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float16]:
        return images.reshape(len(images), -1).astype(np.float16)


def faulty(folder: Path) -> None:
    """Two classes, bright and dark, with a wrong label, a copy, a leak and a broken file."""
    for number in range(60):
        label = ("bright", "dark")[number % 2]
        shade = {"bright": 0.5, "dark": 0.9}[label]
        target = folder / "train" / ("dark" if number == 0 else label) / f"{number:02}.png"
        save(scene(number, size=64).point(lambda value, shade=shade: round(255 - value * shade)), target)
    original = folder / "train/bright/02.png"
    (folder / "validation/bright").mkdir(parents=True)
    (folder / "validation/bright/copy.png").write_bytes(original.read_bytes())
    (folder / "train/bright/broken.png").write_bytes(original.read_bytes()[:200])


def test_every_section_fits_a_phone(tmp_path: Path, open_page: Open, shoot: Shoot) -> None:
    faulty(tmp_path / "data")
    inspection = inspect(survey(tmp_path / "data", Pixels()))
    assert all(inspection.counts[kind] for kind in ("corrupt", "leakage", "mislabelled", "duplicate"))
    (tmp_path / "report.html").write_text(render(inspection, "data"))
    page = open_page((tmp_path / "report.html").as_uri(), viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.get_by_role("link", name="leakage").click()
    expect(page.get_by_role("heading", name="Leakage")).to_be_in_viewport()
    shoot(page, "check-360")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="dark")
    shoot(page, "check-dark")
