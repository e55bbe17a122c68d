"""What goes wrong is said, and can be tried again."""

import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, Route, expect
from starlette.types import Receive, Scope, Send

from service.app import create_app
from service.errors import Overloaded
from service.lifecycle.loading import load_predictor
from service.settings import Settings
from tests.browser.conftest import Open, Shoot, until
from tests.browser.photos import RED, choose, encoded, photo
from tests.serving import Moody, serve, serve_app

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
    again = page.get_by_role("button", name="Try again")
    again.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".verdict")).to_contain_text("Red")
    expect(page.locator(".card")).to_be_focused()


def test_service_that_goes_away_and_comes_back(open_page: Open, settings: Settings, shoot: Shoot) -> None:
    with serve(settings) as address:
        page = open_page(address)
        expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    choose(page, photo("red.png"), photo("also-red.png"), photo("red-too.png"))
    expect(page.locator(".card .notice")).to_contain_text(3 * ["The service cannot be reached"])
    shoot(page, "down-desktop-light")
    with serve(settings, port=urlsplit(address).port or 0):
        page.get_by_role("button", name="Try again").first.click()
        # The first answer says that the service is back: the others are asked by themselves.
        expect(page.locator(".verdict")).to_have_count(3)
    expect(page.locator(".card .notice")).to_have_count(0)


def test_asking_again_is_seen_and_heard_until_there_is_an_answer(open_page: Open, service: str) -> None:
    held: list[Route] = []

    def ask_again() -> None:
        page.get_by_role("button", name="Try again").press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Asking the service again…")
        expect(page.get_by_role("alert")).to_be_focused()

    page = open_page("about:blank")
    page.route("**/v1/models", lambda route: held.append(route))
    page.goto(service)
    until(page, lambda: len(held) == 1)
    held[0].abort()
    ask_again()
    until(page, lambda: len(held) == 2)
    held[1].abort()
    expect(page.get_by_role("alert")).to_contain_text("The service cannot be reached")
    expect(page.get_by_role("button", name="Try again")).to_be_focused()
    ask_again()
    until(page, lambda: len(held) == 3)
    held[2].continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    expect(page.get_by_role("button", name="Take a picture")).to_be_focused()


def test_page_without_a_part_of_its_script_says_so(open_page: Open, service: str) -> None:
    page = open_page("about:blank", reduced_motion="reduce")  # though it is an animation that shows it
    page.route("**/web/models.js", lambda route: route.abort())
    page.goto(service)
    notice = page.get_by_text("This page is not complete yet")
    expect(notice).to_have_css("animation-delay", "4s")
    expect(notice).to_have_css("height", "0px")
    expect(notice).to_be_visible()
    page.unroute("**/web/models.js")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    expect(notice).to_have_count(0)


def test_waiting_for_a_silent_service_is_seen_and_heard(open_page: Open, service: str) -> None:
    held: list[Route] = []
    page = open_page("about:blank")
    page.clock.install()
    page.route("**/v1/models", lambda route: held.append(route))
    page.goto(service)
    until(page, lambda: len(held) == 1)
    page.clock.run_for(5_000)
    expect(page.get_by_role("alert")).to_have_text("Waiting for the service…")
    held[0].continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    expect(page.locator("#outage")).to_be_hidden()
    # Nothing is left that would say so later.
    page.clock.run_for(10_000)
    expect(page.locator("#outage")).to_be_hidden()


def test_late_failure_is_nothing_to_a_page_that_works_by_then(open_page: Open, service: str) -> None:
    held: list[Route] = []
    page = open_page("about:blank")
    page.route("**/v1/models", lambda route: held.append(route), times=1)
    page.goto(service)
    until(page, lambda: len(held) == 1)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    with page.expect_event("requestfailed"):
        held[0].abort()
    page.wait_for_timeout(100)
    expect(page.locator("#outage")).to_be_hidden()


def test_service_that_goes_away_behind_a_proxy(page: Page) -> None:
    def without_a_service(route: Route) -> None:
        route.fulfill(status=502, body="<h1>502 Bad Gateway</h1>")

    held: list[Route] = []
    page.route("**/v1/classify?*", without_a_service, times=3)
    choose(page, photo("red.png"), photo("also-red.png"), photo("red-too.png"))
    expect(page.locator(".card .notice")).to_contain_text(3 * ["The service cannot be reached"])
    page.route("**/v1/classify?*", lambda route: held.append(route))
    page.get_by_role("button", name="Try again").first.click()
    until(page, lambda: len(held) == 1)
    held[0].continue_()
    until(page, lambda: len(held) == 3)
    # The others are asked by themselves, and the first answer is heard all the same.
    expect(page.get_by_role("status")).to_contain_text("red.png: Whole picture: Red")
    for route in held[1:]:
        route.continue_()
    expect(page.locator(".verdict")).to_have_count(3)


def test_offline_device(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    page.context.set_offline(True)
    choose(page, photo("red.png"))
    expect(page.locator(".card .notice")).to_contain_text("This device is offline.")
    page.context.set_offline(False)  # which the page notices
    expect(page.locator(".verdict")).to_contain_text("Red")


def test_answer_that_is_cut_off_can_be_tried_again(open_page: Open, settings: Settings) -> None:
    app = create_app(settings, load_predictor(settings))

    async def cutting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/classify"):
            return await app(scope, receive, send)
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"500")]})
        await send({"type": "http.response.body", "body": b'{"model":', "more_body": True})

    with serve_app(cutting) as address:
        page = open_page(address)
        choose(page, photo("red.png"))
        expect(page.locator(".card .notice")).to_contain_text("The answer was cut off")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        page.context.close()


def test_page_of_the_network_is_no_answer(page: Page) -> None:
    page.route("**/v1/classify?*", lambda route: route.fulfill(body="<p>Please log in.</p>"))
    choose(page, photo("red.png"))
    expect(page.locator(".card .notice")).to_contain_text("Something else answered in its place.")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_photo_that_is_too_large_for_a_proxy(page: Page) -> None:
    page.route("**/v1/classify?*", lambda route: route.fulfill(status=413, body="<h1>413</h1>"))
    choose(page, photo("red.png"))
    expect(page.locator(".card .notice")).to_contain_text("too large for a server on the way")


def test_busy_service_is_asked_again_when_it_says(page: Page) -> None:
    asked: list[float] = []

    def busy(route: Route) -> None:
        asked.append(time.monotonic())
        route.fulfill(status=503, headers={"retry-after": "1"}, json={"title": "The service is overloaded"})

    page.route("**/v1/classify?*", busy, times=2)
    choose(page, photo("red.png"))
    expect(page.locator(".verdict")).to_contain_text("Red")
    assert asked[1] - asked[0] > 0.9


def test_slow_line_carries_one_photo_at_a_time(page: Page) -> None:
    late: list[Route] = []

    def arrive(count: int) -> None:
        until(page, lambda: len(late) >= count)

    page.route("**/v1/classify?*", lambda route: late.append(route))
    choose(page, photo("a.png"), photo("b.png"), photo("c.png"))
    for number in range(2):
        expect(page.locator(".card [aria-busy]")).to_have_count(3)
        arrive(number + 1)
        late[number].fulfill(status=408, json={"title": "The request took too long to arrive"})
    for number in range(2, 5):
        arrive(number + 1)
        page.wait_for_timeout(100)
        assert len(late) == number + 1
        late[number].continue_()
    expect(page.locator(".verdict")).to_have_count(3)


def test_folder_is_no_photo(page: Page, tmp_path: Path) -> None:
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(tmp_path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 200, "data": data})
    expect(page.locator(".card .notice")).to_contain_text("The file cannot be read")


def test_film_is_not_read(page: Page, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(257 * 1024 * 1024)
    page.locator("#files").set_input_files(film)
    expect(page.locator(".card .notice")).to_contain_text("at most 256 MB. Received: 257 MB.")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_file_that_goes_while_it_waits(page: Page, tmp_path: Path) -> None:
    held: list[Route] = []
    page.route("**/v1/classify?*", lambda route: held.append(route), times=2)
    files = [tmp_path / f"{number}.png" for number in range(3)]
    for file in files:
        file.write_bytes(encoded(Image.new("RGB", (40, 30), RED)))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose photos").click()
    chooser.value.set_files(files)
    until(page, lambda: len(held) == 2)
    for file in files:
        file.unlink()
    for route in held:
        route.continue_()
    # Those that were on their way were in memory already.
    expect(page.locator(".verdict")).to_have_count(2)
    expect(page.locator(".card .notice")).to_contain_text("The file cannot be read")
