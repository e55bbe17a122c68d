"""The camera, played by a file."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open, Shoot, enlarge_text

pytestmark = pytest.mark.browser

# A desktop with two webcams, which do not say which way they face; the browser's fake camera plays both.
TWO_WEBCAMS = """
() => {
  window.asked = [];
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  const kind = "videoinput";
  devices.enumerateDevices = async () => ["first", "second"].map((deviceId) => ({ deviceId, kind }));
  devices.getUserMedia = async ({ video }) => {
    const deviceId = video.deviceId?.ideal ?? "first";
    asked.push(deviceId);
    const stream = await open({ video: true });
    for (const track of stream.getVideoTracks()) track.getSettings = () => ({ deviceId });
    return stream;
  };
}
"""
KEEP_WISHES = """
() => {
  window.wishes = [];
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (wish) => {
    wishes.push(wish.video.facingMode.ideal);
    return open(wish);
  };
}
"""


def test_picture_from_the_camera(open_page: Open, service: str, shoot: Shoot) -> None:
    page = open_page(service, permissions=["camera"], viewport={"width": 1280, "height": 900})
    page.get_by_role("button", name="Take a picture").click()
    dialog = page.get_by_role("dialog", name="Take a picture")
    take = dialog.get_by_role("button", name="Take it")
    expect(take).to_be_enabled()
    expect(take).to_be_focused()
    dialog.get_by_role("switch", name="3 seconds").uncheck()
    with page.expect_response("**/v1/classify?*") as response:
        take.click()
    expect(dialog).to_be_hidden()
    expect(page.locator(".card h3")).to_contain_text("camera-")
    expect(page.locator(".verdict")).to_be_visible()
    size = response.value.json()["image"]
    assert size["width"] / size["height"] == pytest.approx(4 / 3, abs=0.01)
    expect(page.locator("#video")).to_have_js_property("srcObject", None)
    shoot(page, "answer-camera-desktop-light")


def test_countdown_and_outline_of_a_face(open_page: Open, service: str, shoot: Shoot) -> None:
    page = open_page(service, eyes=True, permissions=["camera"])
    page.get_by_role("button", name="Take a picture").click()
    expect(page.get_by_text("place your face in the outline")).to_be_visible()
    expect(page.locator(".guide.face")).to_be_visible()
    page.get_by_role("button", name="Take it").click()
    expect(page.locator("#countdown")).to_have_text("3")
    shoot(page, "camera-desktop-light")
    expect(page.locator("#countdown")).to_have_text("1")
    expect(page.locator(".card")).to_be_visible()


def test_closing_stops_the_countdown_and_the_camera(open_page: Open, service: str) -> None:
    page = open_page(service, permissions=["camera"])
    page.get_by_role("button", name="Take a picture").click()
    page.get_by_role("button", name="Take it").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Take a picture")).to_be_focused()
    expect(page.locator("#video")).to_have_js_property("srcObject", None)
    expect(page.locator(".card")).to_have_count(0)


def test_refused_camera_is_explained(page: Page, shoot: Shoot) -> None:
    page.get_by_role("button", name="Take a picture").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("The camera was not allowed.")
    expect(page.get_by_role("button", name="Take it")).to_be_disabled()
    expect(page.locator("#guide")).to_be_hidden()
    expect(page.locator("#camera-hint")).to_be_hidden()
    shoot(page, "camera-refused-desktop-light")
    with page.expect_file_chooser():
        page.get_by_role("dialog").get_by_role("button", name="Choose photos").click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_phone_held_sideways_shows_the_way_out(open_page: Open, service: str, shoot: Shoot) -> None:
    size = {"width": 667, "height": 320}
    page = open_page(
        service, eyes=True, permissions=["camera"], viewport=size, is_mobile=True, has_touch=True
    )
    page.get_by_role("button", name="Take a picture").tap()
    expect(page.get_by_role("button", name="Take it")).to_be_focused()
    for name in ("Close", "Take it"):
        place = page.get_by_role("button", name=name).bounding_box()
        assert place and place["y"] >= 0 and place["y"] + place["height"] <= size["height"]
    shoot(page, "camera-sideways-light", full_page=False)
    page.get_by_role("button", name="Close").tap()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_picture_shows_what_the_preview_shows(open_page: Open, service: str) -> None:
    page = open_page(service, permissions=["camera"], viewport={"width": 740, "height": 360})
    page.get_by_role("button", name="Take a picture").click()
    page.get_by_role("switch", name="3 seconds").uncheck()
    expect(page.get_by_role("button", name="Take it")).to_be_enabled()
    preview = page.locator("#video").bounding_box()
    assert preview
    with page.expect_response("**/v1/classify?*") as response:
        page.get_by_role("button", name="Take it").click()
    size = response.value.json()["image"]
    assert size["width"] / size["height"] == pytest.approx(preview["width"] / preview["height"], abs=0.02)


@pytest.mark.parametrize("eyes, facing", [(True, "user"), (False, "environment")])
def test_camera_faces_what_the_model_is_about(open_page: Open, service: str, eyes: bool, facing: str) -> None:
    page = open_page(service, eyes=eyes, permissions=["camera"])
    expect(page.locator("#labels dt").first).to_be_visible()
    page.evaluate(KEEP_WISHES)
    page.get_by_role("button", name="Take a picture").click()
    expect(page.get_by_role("button", name="Take it")).to_be_enabled()
    assert page.evaluate("wishes") == [facing]


@pytest.mark.parametrize("eyes, facing", [(True, "user"), (False, "environment")])
def test_camera_app_of_a_phone_without_https(open_page: Open, service: str, eyes: bool, facing: str) -> None:
    page = open_page(service, eyes=eyes)
    expect(page.locator("#labels dt").first).to_be_visible()
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Take a picture").click()
    assert chooser.value.element.get_attribute("capture") == facing


def test_camera_on_a_phone(open_page: Open, service: str, shoot: Shoot) -> None:
    page = open_page(
        service,
        permissions=["camera"],
        viewport={"width": 360, "height": 740},
        is_mobile=True,
        has_touch=True,
        color_scheme="dark",
    )
    page.get_by_role("button", name="Take a picture").tap()
    expect(page.get_by_role("button", name="Take it")).to_be_enabled()
    shoot(page, "camera-phone-dark", full_page=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    close = page.get_by_role("button", name="Close")
    size = close.bounding_box()
    assert size and min(size["width"], size["height"]) >= 44
    expect(close).to_have_css("opacity", "1")
    close.tap()
    expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize("eyes", [True, False])
@pytest.mark.parametrize("size", [(740, 360), (320, 568)])
def test_camera_with_text_of_twice_the_size(
    open_page: Open, service: str, shoot: Shoot, size: tuple[int, int], eyes: bool
) -> None:
    width, height = size
    page = open_page(service, eyes=eyes, permissions=["camera"], viewport={"width": width, "height": height})
    expect(page.locator("#labels dt").first).to_be_visible()
    enlarge_text(page)
    page.get_by_role("button", name="Take a picture").click()
    take = page.get_by_role("button", name="Take it")
    expect(take).to_be_enabled()
    for part in (page.locator("#guide"), page.get_by_role("switch", name="3 seconds"), take):
        expect(part).to_be_in_viewport(ratio=0.99)
    guide, preview = (page.locator(part).bounding_box() for part in ("#guide", "#video"))
    assert guide and preview
    assert guide["height"] < preview["height"] and guide["width"] < preview["width"]
    assert guide["width"] / guide["height"] == pytest.approx(0.75 if eyes else 1, abs=0.02)
    if width > height:
        expect(page.get_by_role("button", name="Close")).to_be_in_viewport(ratio=0.99)
        shoot(page, "camera-sideways-large-text", full_page=False)


def test_camera_leaves_the_phones_own_bar_free(open_page: Open, service: str) -> None:
    height = 740
    phone = {"viewport": {"width": 360, "height": height}, "is_mobile": True, "has_touch": True}
    page = open_page(service, permissions=["camera"], **phone)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setSafeAreaInsetsOverride", {"insets": {"bottom": 34}})
    page.get_by_role("button", name="Take a picture").tap()
    take = page.get_by_role("button", name="Take it")
    expect(take).to_be_enabled()
    place = take.bounding_box()
    assert place and place["y"] + place["height"] <= height - 34


def test_other_camera_of_a_desktop(open_page: Open, service: str) -> None:
    page = open_page(service, permissions=["camera"])
    page.evaluate(TWO_WEBCAMS)
    page.get_by_role("button", name="Take a picture").click()
    for _ in range(2):
        expect(page.get_by_role("button", name="Take it")).to_be_enabled()
        page.get_by_role("button", name="Other camera").click()
    expect(page.get_by_role("button", name="Take it")).to_be_enabled()
    assert page.evaluate("asked") == ["first", "second", "first"]


def test_other_camera_for_who_taps_twice(open_page: Open, service: str) -> None:
    page = open_page(service, permissions=["camera"])
    page.evaluate(TWO_WEBCAMS)
    page.get_by_role("button", name="Take a picture").click()
    expect(page.get_by_role("button", name="Take it")).to_be_enabled()
    page.get_by_role("button", name="Other camera").dblclick()
    expect(page.get_by_role("button", name="Take it")).to_be_enabled()
    assert page.evaluate("asked.at(-1)") == "second"


def test_camera_that_is_unplugged(open_page: Open, service: str) -> None:
    page = open_page(service, permissions=["camera"])
    page.get_by_role("button", name="Take a picture").click()
    expect(page.get_by_role("button", name="Take it")).to_be_enabled()
    page.locator("#video").evaluate(
        "(video) => video.srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    )
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("switched off or unplugged")
    expect(page.get_by_role("button", name="Take it")).to_be_disabled()


def test_picture_that_cannot_be_encoded_can_be_taken_again(open_page: Open, service: str) -> None:
    page = open_page(service, permissions=["camera"])
    page.evaluate("() => { HTMLCanvasElement.prototype.toBlob = (done) => done(null); }")
    page.get_by_role("button", name="Take a picture").click()
    page.get_by_role("dialog").get_by_role("switch", name="3 seconds").uncheck()
    page.get_by_role("button", name="Take it").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("The picture cannot be encoded")
    expect(page.locator("#guide")).to_be_visible()
    expect(page.get_by_role("button", name="Take it")).to_be_enabled()
    expect(page.get_by_role("button", name="Take it")).to_be_focused()
