"""The reports of `training check` and `report` as files in Chromium: everything fits, on a phone too."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect

from tests.browser.conftest import Open, Shoot
from tests.bundles import metadata, write_bundle
from tests.training import folders
from tests.training.checks.pictures import save, scene
from training.__main__ import main
from training.checks.inspection import inspect
from training.checks.report import render
from training.checks.survey import survey

pytestmark = pytest.mark.browser

LONG = "a_very_long_class_name_for_a_rocket_on_its_pad"


class Pixels:
    """The pixels themselves as features: enough to tell bright from dark."""

    size = 8

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float16]:
        return images.reshape(len(images), -1).astype(np.float16)


def faulty(folder: Path, bright: str = "bright") -> None:
    """Two classes, bright and dark, with a wrong label, a copy, a leak and a broken file."""
    for number in range(60):
        label = (bright, "dark")[number % 2]
        shade = {bright: 0.5, "dark": 0.9}[label]
        target = folder / "train" / ("dark" if number == 0 else label) / f"{number:02}.png"
        save(scene(number, size=64).point(lambda value, shade=shade: round(255 - value * shade)), target)
    original = folder / "train" / bright / "02.png"
    (folder / "validation" / bright).mkdir(parents=True)
    (folder / "validation" / bright / "copy.png").write_bytes(original.read_bytes())
    (folder / "train" / bright / "broken.png").write_bytes(original.read_bytes()[:200])


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


def test_what_gives_the_class_away_is_no_good_news(open_page: Open, tmp_path: Path) -> None:
    """A bar of a shortcut is green where the measure says little, and yellow where it says much."""
    faulty(tmp_path / "data")
    inspection = inspect(survey(tmp_path / "data", Pixels()))
    (tmp_path / "report.html").write_text(render(inspection, "data"))
    page = open_page((tmp_path / "report.html").as_uri())
    bars = page.locator("meter").evaluate_all("bars => bars.map(bar => [bar.value, bar.high, bar.optimum])")
    assert max(value for value, _, _ in bars) > 0.2 > min(value for value, _, _ in bars)
    assert all(optimum <= high for _, high, optimum in bars)


def test_a_long_name_of_a_class_stays_in_its_place(tmp_path: Path, open_page: Open) -> None:
    faulty(tmp_path / "data", LONG)
    (tmp_path / "check.html").write_text(render(inspect(survey(tmp_path / "data", Pixels())), "data"))
    labels = [{"id": name, "title": name} for name in (LONG, "green", "blue")]
    model = write_bundle(tmp_path / "models", metadata(labels=labels))
    photos = folders.classes(tmp_path / "photos", names=("green", LONG), count=12)  # which is the wrong way
    assert main(["report", str(model), str(photos), "--out", str(tmp_path), "--robustness", "0"]) == 0
    for name, width in product(("check.html", "report.html"), (1100, 390)):
        page = open_page((tmp_path / name).as_uri(), viewport={"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert LONG in page.locator("figcaption").all_inner_texts()[0].replace("\n", "")
        wide = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
        assert page.locator("figure, .card:not(.scroll), .card p").evaluate_all(wide) == []
