"""Every way a photo can come in, and what is said about it."""

import io
import re

import numpy as np
import pytest
from PIL import Image, ImageOps
from playwright.sync_api import FilePayload, Page, Route, expect

from service.settings import Settings
from tests.browser import photos
from tests.browser.conftest import Open, Shoot, until
from tests.browser.photos import BLUE, GREEN, GREY, RED, choose, photo, table
from tests.gates import gated

pytestmark = pytest.mark.browser

DROP = """
async (bytes) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], "dropped.png", { type: "image/png" }));
  for (const type of ["dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}
"""
COPY = """
async (bytes) => {
  const blob = new Blob([new Uint8Array(bytes)], { type: "image/png" });
  await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
}
"""
PIXELS = """
async (image) => {
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
}
"""
COUNT_ADDRESSES = """
() => {
  window.addresses = new Set();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (blob) => {
    const address = createObjectURL.call(URL, blob);
    addresses.add(address);
    return address;
  };
  URL.revokeObjectURL = (address) => {
    addresses.delete(address);
    revokeObjectURL.call(URL, address);
  };
}
"""
KEEP_CANVASES = """
() => {
  window.canvases = [];
  const create = document.createElement;
  document.createElement = function (name) {
    const node = create.call(this, name);
    if (name === "canvas") canvases.push(node);
    return node;
  };
}
"""
PIXELS_THAT_NOBODY_SEES = """
canvases.filter((node) => !node.isConnected).reduce((sum, { width, height }) => sum + width * height, 0)
"""
CLEAR_AT_ONCE = """
() => document.querySelector("#files").addEventListener("change", () =>
  setTimeout(() => document.querySelector("#clear").click()))
"""


def test_start_page_says_what_it_can_tell(page: Page, shoot: Shoot) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    expect(page).to_have_title("Colours")
    expect(page.get_by_text("Tells which colour a picture mostly has.")).to_be_visible()
    expect(page.locator("#labels dt")).to_have_text(["Red", "Green", "Blue"])
    expect(page.get_by_text("Model colours, version 1.")).to_be_visible()
    shoot(page, "start-desktop-light")


def test_chosen_photo(page: Page, shoot: Shoot) -> None:
    choose(page, photo("red.png"))
    card = page.locator(".card")
    expect(card.get_by_role("heading", level=3)).to_have_text("red.png")
    expect(card.locator(".verdict")).to_have_text(re.compile("Red .*%"))
    expect(card.get_by_role("progressbar", name="Green")).to_be_visible()
    link = card.get_by_role("link", name="Tutorials for Red")
    expect(link).to_have_attribute("href", "https://www.youtube.com/results?search_query=red+paint")
    expect(link).to_have_attribute("target", "_blank")
    expect(page.get_by_role("status")).to_contain_text("red.png: Whole picture: Red")
    shoot(page, "answer-colour-desktop-light")


def test_dropped_photo(page: Page) -> None:
    page.evaluate(DROP, list(photo("x", GREEN)["buffer"]))
    expect(page.locator(".card h3")).to_have_text("dropped.png")
    expect(page.locator(".verdict")).to_contain_text("Green")


def test_pasted_photo(open_page: Open, service: str) -> None:
    page = open_page(service, permissions=["clipboard-read", "clipboard-write"])
    page.evaluate(COPY, list(photo("x", BLUE)["buffer"]))
    page.keyboard.press("Control+V")
    expect(page.locator(".verdict")).to_contain_text("Blue")


def test_photo_that_is_dropped_far_down_the_page_is_shown(open_page: Open, service: str) -> None:
    page = open_page(service, viewport={"width": 360, "height": 640})
    choose(page, *[photo(f"{number}.png") for number in range(5)])
    expect(page.locator(".verdict")).to_have_count(5)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.get_by_role("heading", name="0.png")).not_to_be_in_viewport()
    page.evaluate(DROP, list(photo("x", GREEN)["buffer"]))
    expect(page.get_by_role("heading", name="dropped.png")).to_be_in_viewport()


def test_unsure_answer_is_said_plainly(page: Page) -> None:
    choose(page, photo("grey.png", GREY))
    expect(page.locator(".verdict")).to_have_text("Not sure")
    expect(page.get_by_role("link")).to_have_count(0)
    expect(page.get_by_role("status")).to_contain_text("not sure")


def test_large_photo_is_turned_upright_and_reduced(page: Page) -> None:
    image = Image.new("RGB", (4000, 1000), RED)
    turned = Image.Exif()
    turned[0x0112] = 6
    file: FilePayload = {
        "name": "turned.jpg",
        "mimeType": "image/jpeg",
        "buffer": photos.encoded(image, "JPEG", exif=turned),
    }
    with page.expect_response("**/v1/classify?*") as response:
        choose(page, file)
    assert response.value.json()["image"] == {"width": 512, "height": 2048}


def test_large_file_is_reduced_however_much_it_shows(page: Page) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1400, 2000, 3), dtype=np.uint8)
    data = photos.encoded(Image.fromarray(noise), "JPEG", quality=70)
    file: FilePayload = {"name": "noise.jpg", "mimeType": "image/jpeg", "buffer": data}
    sent: list[int] = []

    def weigh(route: Route) -> None:
        sent.append(len(route.request.post_data_buffer or b""))
        route.continue_()

    page.route("**/v1/classify?*", weigh)
    choose(page, file)
    expect(page.locator(".verdict")).to_be_visible()
    assert len(data) > 1_500_000
    assert 300_000 < sent[0] < 1_060_000


def test_photo_that_is_reduced_leaves_no_pixels_behind(page: Page) -> None:
    page.evaluate(KEEP_CANVASES)
    choose(page, photo("large.png", size=(3000, 2000)))
    expect(page.locator(".verdict")).to_be_visible()
    assert page.evaluate("canvases.length") > 1
    assert page.evaluate(PIXELS_THAT_NOBODY_SEES) == 0


def test_webp_is_turned_as_the_service_turns_it(page: Page) -> None:
    image = Image.new("RGB", (64, 32), RED)
    image.paste(GREEN, (0, 0, 16, 16))
    image.paste(BLUE, (48, 0, 64, 16))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = photos.encoded(image, "WEBP", exif=exif.tobytes(), lossless=True)
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        with page.expect_response("**/v1/classify?*") as response:
            choose(page, {"name": f"{orientation}.webp", "mimeType": "image/webp", "buffer": data})
        assert response.value.json()["image"] == {"width": upright.width, "height": upright.height}
        expect(page.locator(".card")).to_have_count(orientation)
        shown = page.locator(".card img").first.evaluate(PIXELS)
        pixels = np.reshape(shown, (upright.height, upright.width, 4))[..., :3]
        assert np.abs(pixels - np.asarray(upright, float)).mean() < 10


def test_removed_photos_are_called_back(open_page: Open, settings: Settings) -> None:
    with gated(settings.models, workers=2) as service:
        page = open_page(service.address)
        page.evaluate(COUNT_ADDRESSES)
        failed: list[str] = []
        page.on("requestfailed", lambda request: failed.append(request.url))
        service.predictor.gate.clear()
        choose(page, *[photo(f"{number}.png") for number in range(4)])
        for _ in range(2):
            service.predictor.wait_until_asked()
        page.get_by_role("button", name="Clear").click()
        until(page, lambda: len(failed) == 2)
        service.predictor.gate.set()
        choose(page, photo("new.png", BLUE))
        expect(page.locator(".verdict")).to_contain_text("Blue")
        assert len(service.predictor.asked) == 3
        assert page.evaluate("addresses.size") == 1
        page.context.close()


def test_removed_photo_is_not_sent(page: Page) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.evaluate(COUNT_ADDRESSES)
    page.evaluate(CLEAR_AT_ONCE)
    choose(page, photo("large.png", size=(3000, 2000)))
    expect(page.locator("#answers")).to_be_hidden()
    # Long enough for the photo to be prepared, were it still wanted.
    page.wait_for_timeout(1000)
    assert [url for url in sent if "classify" in url] == []
    assert page.evaluate("addresses.size") == 0


def test_five_photos_are_a_gallery_with_a_table(page: Page, shoot: Shoot) -> None:
    bad: FilePayload = {"name": "=bad.jpg", "mimeType": "image/jpeg", "buffer": b"no photo"}
    files = [photo("red.png"), photo("green.png", GREEN), photo("blue.png", BLUE), photo("grey.png", GREY)]
    choose(page, *files, bad)
    expect(page.locator(".card .verdict")).to_have_count(4)
    expect(page.locator(".card .notice")).to_have_count(1)
    expect(page.locator(".card h3")).to_have_text(
        ["red.png", "green.png", "blue.png", "grey.png", "=bad.jpg"]
    )
    shoot(page, "gallery-desktop-light")
    rows = table(page)
    assert [row["file"] for row in rows] == ["red.png", "green.png", "blue.png", "grey.png", "'=bad.jpg"]
    assert [row["label"] for row in rows[:3]] == ["red", "green", "blue"]
    assert [row["certain"] for row in rows] == ["true", "true", "true", "false", ""]
    assert float(rows[0]["p(red)"]) > 0.99
    assert rows[4]["problem"].startswith("The file is no supported picture: ")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#cards > li")).to_have_count(0)
    expect(page.get_by_role("button", name="Choose photos")).to_be_focused()


def test_two_photos_are_looked_at_side_by_side(open_page: Open, settings: Settings) -> None:
    with gated(settings.models, workers=2) as service:
        page = open_page(service.address)
        service.predictor.gate.clear()
        choose(page, photo("red.png"), photo("blue.png", BLUE))
        for _ in range(2):
            service.predictor.wait_until_asked()
        service.predictor.gate.set()
        expect(page.locator(".card .verdict")).to_have_count(2)


def test_eyes_advice_and_evidence(open_page: Open, service: str, shoot: Shoot) -> None:
    page = open_page(service, eyes=True)
    choose(page, photos.portrait())
    expect(page.locator(".answer h4")).to_have_text(
        ["Face 1, both eyes together", "Face 1, right eye", "Face 1, left eye", "Face 2, left eye"]
    )
    expect(page.locator(".verdict")).to_have_text(["Almond 64 %", "Almond 86 %", "Not sure", "No answer"])
    # What both eyes say is not said again under the eye that says the same.
    expect(page.get_by_text(photos.SHAPES["almond"])).to_have_count(2)
    expect(page.get_by_role("link", name="Tutorials for Almond")).to_have_count(1)
    expect(page.get_by_role("status")).to_contain_text("Face 1, both eyes together: Almond, 64 %.")
    expect(page.get_by_text("The photo is dark: turn to a window or a lamp.")).to_be_visible()
    expect(page.locator(".answer").get_by_text("The eye is closed; open it for the photo.")).to_be_visible()
    expect(page.locator(".photo .box")).to_have_count(3)
    overlay = page.get_by_alt_text("What spoke for the answer")
    expect(overlay).to_be_hidden()
    page.get_by_role("switch", name="Show what spoke for it").check()
    expect(overlay).to_be_visible()
    shoot(page, "evidence-desktop-light")


def test_no_evidence_no_switch(page: Page) -> None:
    choose(page, photo("red.png"))
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.get_by_role("switch", name="Show what spoke for it")).to_have_count(0)


def test_photo_that_the_browser_cannot_show(open_page: Open, service: str) -> None:
    page = open_page(service, eyes=True)
    tiff = photos.encoded(Image.new("RGB", (60, 40), RED), "TIFF")
    choose(page, {"name": "red.tif", "mimeType": "image/tiff", "buffer": tiff})
    expect(page.get_by_text("This browser cannot show the picture.")).to_be_visible()
    expect(page.locator(".verdict")).to_have_count(4)
    expect(page.locator(".photo, .look").locator("visible=true")).to_have_count(0)
    expect(page.get_by_role("switch", name="Show what spoke for it")).to_have_count(0)
