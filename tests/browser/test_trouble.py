"""What goes wrong is said, and can be tried again."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import FilePayload, Page, expect

from service.errors import Overloaded
from service.settings import Settings
from tests.browser.conftest import Open, Shoot
from tests.browser.photos import choose, photo
from tests.serving import Moody, serve, settings_for

pytestmark = pytest.mark.browser


def test_bad_file_shows_the_services_own_words(page: Page) -> None:
    name = "<img src=x onerror=alert(1)>.jpg"
    bad: FilePayload = {"name": name, "mimeType": "image/jpeg", "buffer": b"no photo"}
    choose(page, bad)
    expect(page.locator(".card h3")).to_have_text(name)
    expect(page.locator(".card .notice")).to_contain_text("The file is no supported picture")
    expect(page.locator(".card .notice")).to_contain_text("Request ")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    expect(page.locator(".photo")).to_be_hidden()


def test_heic_is_explained_where_the_browser_cannot_open_it(page: Page) -> None:
    heic: FilePayload = {
        "name": "IMG_0001.HEIC",
        "mimeType": "image/heic",
        "buffer": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    }
    choose(page, heic)
    expect(page.locator(".card .notice")).to_contain_text("This browser cannot open HEIC photos")


def test_overloaded_service_can_be_tried_again(page: Page, predictor: Moody, shoot: Shoot) -> None:
    predictor.refusal = Overloaded("Too many photos are waiting; try again in a moment.")
    try:
        choose(page, photo("red.png"))
        expect(page.locator(".card .notice")).to_contain_text("Too many photos are waiting")
        shoot(page, "overloaded-desktop-light")
    finally:
        predictor.refusal = None
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".verdict")).to_contain_text("Red")


def test_service_that_goes_away_and_comes_back(open_page: Open, settings: Settings, shoot: Shoot) -> None:
    with serve(settings) as address:
        page = open_page(address)
        expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    choose(page, photo("red.png"))
    expect(page.locator(".card .notice")).to_contain_text("The service cannot be reached")
    shoot(page, "down-desktop-light")
    with serve(settings, port=urlsplit(address).port or 0):
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".verdict")).to_contain_text("Red")


def test_page_opens_without_the_service(open_page: Open, settings: Settings, faults: list[str]) -> None:
    with serve(settings) as address:
        page = open_page(address, service_workers="allow")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        # The first visit loaded past the worker; from the second on it keeps what passes.
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    page.reload()
    expect(page.locator("#outage")).to_contain_text("The service cannot be reached")
    with serve(settings, port=urlsplit(address).port or 0):
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
        expect(page.locator("#outage")).to_be_hidden()


def test_offline_device(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    page.context.set_offline(True)
    choose(page, photo("red.png"))
    expect(page.locator(".card .notice")).to_contain_text("This device is offline.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".verdict")).to_contain_text("Red")


def test_key_is_asked_for_where_the_operator_wants_one(open_page: Open, settings: Settings) -> None:
    key = "0123456789abcdef"
    with serve(settings_for(settings.models, api_keys=key)) as address:
        page = open_page(address)
        entry = page.get_by_label("This service wants an API key")
        entry.fill("a wrong one")
        page.get_by_role("button", name="Continue").click()
        expect(entry).to_have_value("")
        entry.fill(key)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
        choose(page, photo("red.png"))
        expect(page.locator(".verdict")).to_contain_text("Red")
        page.context.close()
