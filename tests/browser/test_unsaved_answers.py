"""The labelling page in Chromium where an answer cannot be saved: it says why, and that it tried again."""

import re
import resource
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.labelling import labelling
from tests.training.checks.pictures import save, scene
from training.labelling.journal import FILE

pytestmark = pytest.mark.browser

SILENT = "The labelling program does not answer. Start it again. Nothing that was saved is lost."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed in range(2):
        save(scene(seed, size=200), tmp_path / f"{seed}.png")
    return tmp_path


def told(page: Page, text: str) -> None:
    expect(page.get_by_role("alert").locator("p")).to_have_text(text)
    expect(page.get_by_role("button", name="Try again")).to_be_focused()


def test_each_try_is_seen_where_the_program_is_down(folder: Path, open_page: Open) -> None:
    with labelling(folder, "--rater", "ann", "--classes", "cat,dog") as (address, process):
        page = open_page(address)
        expect(page.locator("#photo")).to_be_visible()
        process.kill()
        process.wait()
        page.keyboard.press("1")
        told(page, f"The last answer is not saved yet. {SILENT}")
        for number in (2, 3):
            page.keyboard.press("Enter")
            told(page, f"The last answer is not saved yet. {SILENT} Tried {number} times.")


def test_a_full_disk_is_named(folder: Path, open_page: Open) -> None:
    with labelling(folder, "--rater", "ann", "--classes", "cat,dog") as (address, process):
        page = open_page(address)
        expect(page.locator("#photo")).to_be_visible()
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
        page.keyboard.press("1")
        reason = f"It cannot be written: {folder / FILE}: File too large. Nothing that was saved is lost."
        told(page, f"The last answer is not saved yet. {reason}")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#count")).to_have_text(re.compile("^1 of 2"))
        expect(page.get_by_role("alert")).to_be_hidden()
