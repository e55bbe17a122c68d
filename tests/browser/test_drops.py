"""What is dragged over the page: photos are welcome, text only where a key is entered."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from service.settings import Settings
from tests.browser.conftest import Open
from tests.browser.photos import choose, photo
from tests.serving import serve, settings_for

pytestmark = pytest.mark.browser

LIT = re.compile("over")
KEY = "0123456789abcdef"
SHOW_KEY = f"""
() => {{
  const node = document.querySelector("#version");
  node.textContent = "{KEY}";
  getSelection().selectAllChildren(node);
}}
"""


def drag(page: Page, what: Locator, over: Locator) -> None:
    """Take hold of something and hold it over something else."""
    what.hover()
    page.mouse.down()
    over.hover(position={"x": 30, "y": 10})
    over.hover(position={"x": 40, "y": 15})


def test_drop_zone_lights_up_for_files(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "red.png"
    file.write_bytes(photo("red.png")["buffer"])
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 200, "data": data})
    expect(page.locator("#drop")).to_have_class(LIT)
    session.send("Input.dispatchDragEvent", {"type": "drop", "x": 300, "y": 200, "data": data})
    expect(page.locator("#drop")).not_to_have_class(LIT)
    expect(page.locator(".verdict")).to_contain_text("Red")


def test_link_is_no_photo(page: Page, service: str) -> None:
    choose(page, photo("red.png"))
    drag(page, page.get_by_role("link", name="Tutorials for Red"), page.locator("#drop"))
    expect(page.locator("#drop")).not_to_have_class(LIT)
    page.mouse.up()
    expect(page.locator(".card")).to_have_count(1)
    assert page.url == f"{service}/"


def test_key_may_be_dropped_where_it_is_entered(open_page: Open, settings: Settings) -> None:
    with serve(settings_for(settings.models, api_keys=KEY)) as address:
        page = open_page(address)
        entry = page.get_by_label("This service wants an API key")
        expect(entry).to_be_focused()
        page.evaluate(SHOW_KEY)
        drag(page, page.locator("#version"), entry)
        page.mouse.up()
        expect(entry).to_have_value(KEY)
        page.context.close()
