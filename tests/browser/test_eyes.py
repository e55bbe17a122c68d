"""Real eyes, found in real photos: of one face, of everybody, and of an eye from near."""

from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, expect

from tests.browser import photos
from tests.browser.conftest import ROOT, Open, Shoot
from tests.browser.photos import choose, table
from tests.bundles import metadata, write_bundle
from tests.serving import serve, settings_for

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that finds real eyes and says which colour they mostly have."""
    models = tmp_path_factory.mktemp("eyes")
    write_bundle(models, metadata("eye-colours", crop={"scale": 1.2, "centre": 0.5}))
    (models / "eye-locator").symlink_to(ROOT / "models" / "eye-locator")
    with serve(settings_for(models, "eye-colours")) as address:
        yield address


def test_eyes_of_a_real_portrait(open_page: Open, eyes: str, shoot: Shoot) -> None:
    page = open_page(eyes)
    choose(page, photos.portrait())
    expect(page.locator(".answer h4")).to_have_text(["Both eyes together", "Right eye", "Left eye"])
    expect(page.locator(".photo .box")).to_have_text(["Right", "Left"])
    assert [row["region"] for row in table(page)] == ["both_eyes", "left_eye", "right_eye"]
    shoot(page, "portrait-desktop-light")
    page.context.close()


def test_everybody_in_a_photo(open_page: Open, eyes: str, shoot: Shoot) -> None:
    with Image.open(photos.PORTRAIT) as one:
        group = Image.new("RGB", (2 * one.width, one.height))
        group.paste(one, (0, 0))
        group.paste(one.resize((460, 460)), (one.width, 0))
    photo: FilePayload = {"name": "group.png", "mimeType": "image/png", "buffer": photos.encoded(group)}
    page = open_page(eyes)
    choose(page, photo)
    expect(page.locator(".answer h4")).to_have_text(["Both eyes together", "Right eye", "Left eye"])
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("switch", name="Everybody in the photo").check()
    choose(page, photo)
    names = [
        f"Face {face}, {eyes}" for face in (1, 2) for eyes in ("both eyes together", "right eye", "left eye")
    ]
    expect(page.locator(".answer h4")).to_have_text(names)
    assert [row["face"] for row in table(page) if row["region"] == "both_eyes"] == ["0", "1"]
    shoot(page, "group-desktop-light")
    page.context.close()


def test_one_eye_from_near(open_page: Open, eyes: str) -> None:
    page = open_page(eyes)
    eye = (ROOT / "examples" / "eye.jpg").read_bytes()
    choose(page, {"name": "eye.jpg", "mimeType": "image/jpeg", "buffer": eye})
    expect(page.locator(".answer h4")).to_have_text(["One eye"])
    expect(page.get_by_role("status")).to_contain_text("eye.jpg: One eye: ")
    page.context.close()
