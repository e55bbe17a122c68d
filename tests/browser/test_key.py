"""The operator's key: asked for where it is needed, refused with a word, asked for again when it changes."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from service.settings import Settings
from tests.browser.conftest import Open, until
from tests.browser.photos import choose, photo
from tests.serving import serve, settings_for

pytestmark = pytest.mark.browser

KEY = "0123456789abcdef"


@pytest.fixture
def page(open_page: Open, settings: Settings) -> Iterator[Page]:
    """The page of a service that wants a key."""
    with serve(settings_for(settings.models, api_keys=KEY)) as address:
        page = open_page(address)
        yield page
        page.context.close()


def entry(page: Page) -> Locator:
    return page.get_by_label("This service wants an API key")


def enter(page: Page, key: str) -> None:
    entry(page).fill(key)
    page.keyboard.press("Enter")


def test_key_is_asked_for_where_the_operator_wants_one(page: Page) -> None:
    expect(entry(page)).to_be_focused()
    entry(page).fill("a-wrong-one")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("That key was not accepted.")).to_be_visible()
    expect(entry(page)).to_have_value("")
    expect(entry(page)).to_be_focused()
    enter(page, f" {KEY} ")
    expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    expect(page.get_by_role("button", name="Take a picture")).to_be_focused()
    choose(page, photo("red.png"))
    expect(page.locator(".verdict")).to_contain_text("Red")


def test_key_that_is_tried_says_so(page: Page) -> None:
    expect(entry(page)).to_be_focused()
    held: list[Route] = []
    page.route("**/v1/models", lambda route: held.append(route), times=1)
    enter(page, "a-wrong-one")
    expect(page.get_by_role("alert")).to_have_text("Asking the service again…")
    until(page, lambda: len(held) == 1)
    held[0].continue_()
    expect(page.get_by_text("That key was not accepted.")).to_be_visible()
    expect(entry(page)).to_be_focused()


def test_photos_from_before_the_key_are_asked_again(page: Page) -> None:
    expect(entry(page)).to_be_focused()
    entry(page).fill("half of ")
    choose(page, photo("a.png"), photo("b.png"))
    expect(page.locator(".card").get_by_role("button", name="Try again")).to_have_count(2)
    # What was typed already is left alone.
    expect(entry(page)).to_have_value("half of ")
    enter(page, KEY)
    expect(page.locator(".verdict")).to_have_count(2)


def test_another_key_is_asked_for_when_the_operator_changes_it(open_page: Open, settings: Settings) -> None:
    with serve(settings_for(settings.models, api_keys=KEY)) as address:
        page = open_page(address)
        enter(page, KEY)
        expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    other = settings_for(settings.models, api_keys="fedcba9876543210")
    with serve(other, port=urlsplit(address).port or 0):
        choose(page, photo("red.png"))
        expect(page.get_by_text("That key was not accepted.")).to_be_visible()
        expect(entry(page)).to_be_focused()
        enter(page, "fedcba9876543210")
        expect(page.locator(".verdict")).to_contain_text("Red")
        page.context.close()


@pytest.mark.parametrize("key", ["пароль0123456789", "two words"])
def test_key_that_cannot_be_sent_is_not_kept(page: Page, key: str) -> None:
    expect(entry(page)).to_be_focused()
    enter(page, key)
    expect(page.get_by_text("A key has only plain letters, digits and signs")).to_be_visible()
    page.reload()
    expect(entry(page)).to_be_focused()
    enter(page, KEY)
    expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
