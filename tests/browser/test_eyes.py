"""Real eyes, found in real photos: of one face, of everybody, and of an eye from near."""

import re
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.browser import photos
from tests.browser.conftest import ROOT, Open, Shoot
from tests.browser.photos import choose, table
from tests.bundles import metadata, write_bundle
from tests.serving import serve, settings_for

pytestmark = pytest.mark.browser

OVERLAPS = """
(photo) => {
  const rectangle = (node) => node.getBoundingClientRect();
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  const within = (a, b) => a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom;
  const names = [...photo.querySelectorAll("*")].filter((node) => /^(Left|Right)$/.test(node.textContent));
  const eyes = [...photo.querySelectorAll(".box")];
  const faults = [];
  for (const name of names) {
    if (!within(rectangle(name), rectangle(photo))) faults.push(`${name.textContent} leaves the photo`);
    for (const other of [...eyes, ...names]) {
      if (other === name || other.contains(name)) continue;
      if (!apart(rectangle(name), rectangle(other))) faults.push(`${name.textContent} lies over another`);
    }
  }
  return faults;
}
"""


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
    expect(page.locator(".photo .side")).to_have_text(["Right", "Left"])
    assert [row["region"] for row in table(page)] == ["both_eyes", "left_eye", "right_eye"]
    shoot(page, "portrait-desktop-light")
    page.context.close()


@pytest.mark.parametrize("turn", [0, 60, 90, 180, 270])
def test_names_of_eyes_hide_no_eye_and_no_name(open_page: Open, eyes: str, turn: int) -> None:
    with Image.open(photos.PORTRAIT) as portrait:
        turned = portrait.rotate(turn, expand=True)
    assert overlaps_on(open_page(eyes), turned) == []


def test_names_of_eyes_stay_within_the_photo(open_page: Open, eyes: str) -> None:
    with Image.open(photos.PORTRAIT) as portrait:
        cut = portrait.crop((200, 0, 512, 312))
    assert overlaps_on(open_page(eyes), cut) == []


def overlaps_on(page: Page, image: Image.Image) -> list[str]:
    """Names beside eyes that lie over an eye, over each other or outside the photo."""
    choose(page, {"name": "photo.png", "mimeType": "image/png", "buffer": photos.encoded(image)})
    expect(page.locator(".photo").get_by_text(re.compile("^(Left|Right)$"))).to_have_count(2)
    found: list[str] = page.locator(".photo").evaluate(OVERLAPS)
    page.context.close()
    return found


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
    expect(page.locator(".photo .side")).to_have_text(["1 Right", "1 Left", "2 Right", "2 Left"])
    assert [row["face"] for row in table(page) if row["region"] == "both_eyes"] == ["1", "2"]
    shoot(page, "group-desktop-light")
    page.context.close()


def test_one_eye_from_near(open_page: Open, eyes: str) -> None:
    page = open_page(eyes)
    eye = (ROOT / "examples" / "eye.jpg").read_bytes()
    choose(page, {"name": "eye.jpg", "mimeType": "image/jpeg", "buffer": eye})
    expect(page.locator(".answer h4")).to_have_text(["One eye"])
    expect(page.get_by_role("status")).to_contain_text("eye.jpg: One eye: ")
    page.context.close()
