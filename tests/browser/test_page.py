"""The page as a page: any screen, any hand, any theme, any model; small, and alone with its service."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from service.settings import Settings
from tests.browser import photos
from tests.browser.conftest import ROOT, Open, Shoot, enlarge_text, until
from tests.browser.photos import GREEN, RED, choose, photo
from tests.bundles import COLOURS, metadata, write_bundle
from tests.serving import serve, settings_for

pytestmark = pytest.mark.browser

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
BUDGET = 155_000
LOADED = """
() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .map((entry) => [entry.name, entry.decodedBodySize])
"""
RECTANGLES = "(node) => [...node.getClientRects()].map(({ left, right }) => ({ left, right }))"
DIRECTIONS = "(nodes) => nodes.map((node) => getComputedStyle(node).direction)"
LINES = "(nodes) => nodes.map((node) => node.getClientRects().length)"
WIDTHS = "(nodes) => nodes.map((node) => node.getBoundingClientRect().width)"
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}


def violations(page: Page) -> list[str]:
    """What axe-core finds, best practices included."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then((result) => result.violations)")
    return [f"{item['id']}: {node['html']}" for item in found for node in item["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_every_view_is_accessible(
    open_page: Open, service: str, shoot: Shoot, theme: str, phone: bool
) -> None:
    size = PHONE if phone else {}
    page = open_page(service, eyes=True, color_scheme=theme, permissions=["camera"], **size)
    view = f"{'phone' if phone else 'desktop'}-{theme}"
    expect(page.locator("#labels dt")).to_have_count(4)
    shoot(page, f"start-eyes-{view}")
    choose(page, photos.portrait())
    expect(page.locator(".verdict")).to_have_count(4)
    shoot(page, f"eyes-{view}")
    choose(page, photo("a.png"), {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b""})
    expect(page.locator(".verdict")).to_have_count(12)
    assert violations(page) == []
    page.get_by_role("button", name="Take a picture").click()
    expect(page.get_by_role("button", name="Take it")).to_be_enabled()
    assert violations(page) == []


def test_start_page_is_accessible(page: Page) -> None:
    expect(page.locator("#labels dt")).to_have_count(3)
    assert violations(page) == []


def test_problems_are_accessible(page: Page) -> None:
    choose(page, {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b"no photo"})
    expect(page.locator(".notice:visible")).to_have_count(1)
    assert violations(page) == []


def test_phone_needs_no_sideways_scrolling(open_page: Open, service: str, shoot: Shoot) -> None:
    page = open_page(service, **PHONE)
    choose(page, photo("a-very-long-name-without-any-place-to-break-it-anywhere.png"), photo("b.png", GREEN))
    expect(page.locator(".verdict")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    shoot(page, "gallery-phone-light")


@pytest.mark.parametrize("width", [320, 360])
def test_text_of_twice_the_size_breaks_no_words(
    open_page: Open, service: str, shoot: Shoot, width: int
) -> None:
    page = open_page(service, eyes=True, viewport={"width": width, "height": 740})
    expect(page.locator("#labels dt")).to_have_count(4)
    enlarge_text(page)
    choose(page, photos.portrait())
    expect(page.locator(".verdict")).to_have_count(4)
    page.evaluate("for (const bars of document.querySelectorAll('.card details')) bars.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    lines = page.locator(".verdict bdi, .bars bdi").evaluate_all(LINES)
    assert lines == [1] * len(lines)
    assert min(page.locator(".bars progress").evaluate_all(WIDTHS)) >= 40
    shoot(page, f"eyes-phone-large-text-{width}")


def test_keyboard_alone_is_enough(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Take a picture")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Tab")
        # Asking the page also makes sure that the chooser is caught before it opens.
        expect(page.get_by_role("button", name="Choose photos")).to_be_focused()
        page.keyboard.press("Enter")
    chooser.value.set_files([photo("red.png")])
    expect(page.locator(".verdict")).to_contain_text("Red")
    stops = []
    for _ in range(4):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.textContent"))
    assert stops == ["Download CSV", "Clear", "All classes", "Tutorials for Red (opens in a new tab)"]


def test_dark_theme_follows_the_device(open_page: Open, service: str) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = open_page(service, color_scheme="light").evaluate(background)
    dark = open_page(service, color_scheme="dark").evaluate(background)
    assert light == "rgb(255, 255, 255)"
    assert max(int(part) for part in dark.removeprefix("rgb(").rstrip(")").split(",")) < 50


def test_frames_on_pictures_are_seen_in_the_colours_of_the_device(
    open_page: Open, service: str, shoot: Shoot
) -> None:
    page = open_page(service, eyes=True, forced_colors="active", permissions=["camera"])
    choose(page, photos.portrait())
    expect(page.locator(".box").first).to_have_css("border-top-color", "rgb(255, 255, 255)")
    shoot(page, "eyes-forced-colours")
    page.get_by_role("button", name="Take a picture").click()
    expect(page.get_by_role("button", name="Take it")).to_be_enabled()
    expect(page.locator("#guide")).to_have_css("border-top-color", "rgba(255, 255, 255, 0.867)")
    expect(page.locator(".viewfinder")).to_have_css("background-color", "rgb(0, 0, 0)")


def test_page_is_small_and_asks_nobody_else(page: Page, service: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    loaded: list[tuple[str, int]] = page.evaluate(LOADED)
    assert {name for name, _ in loaded if not name.startswith(service)} == set()
    assert len(loaded) > 10
    assert sum(size for _, size in loaded) < BUDGET


def test_page_works_as_an_app(page: Page, service: str) -> None:
    session = page.context.new_cdp_session(page)
    manifest = session.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"] == f"{service}/web/manifest.webmanifest"


def test_several_models_can_be_chosen(open_page: Open, tmp_path: Path) -> None:
    write_bundle(tmp_path, metadata(description="Tells colours."))
    write_bundle(tmp_path, metadata("other-colours", 7, threshold=1.0))
    with serve(settings_for(tmp_path, "colours,other-colours")) as address:
        page = open_page(address)
        expect(page.get_by_text("Tells colours.")).to_be_visible()
        held: list[Route] = []
        page.route("**/v1/classify?*", lambda route: held.append(route), times=2)
        choose(page, photo("a.png"), photo("b.png"), photo("c.png"))
        until(page, lambda: len(held) == 2)
        page.get_by_label("Model").select_option("Other colours")
        expect(page.get_by_role("heading", level=1)).to_have_text("Other colours")
        expect(page.locator("#description")).to_have_text("Photo in, answer out.")
        for route in held:
            route.continue_()
        # Each is asked of the model that was chosen when it was added, also the one that had to wait.
        expect(page.get_by_text("Asked: Colours")).to_have_count(3)
        with page.expect_response("**/v1/classify?*") as response:
            choose(page, photo("red.png"))
        assert response.value.json()["model"] == {"name": "other-colours", "version": 7}
        expect(page.get_by_text("Asked: Other colours")).to_have_count(1)
        page.context.close()


def test_new_version_is_learned_from_its_answer(page: Page) -> None:
    def before(route: Route) -> None:
        listed = route.fetch().json()
        model = listed["models"][0]
        model["version"] = 0
        for label in model["labels"]:
            label["title"] = "Old"
        route.fulfill(json=listed)

    page.route("**/v1/models", before, times=1)
    page.reload()
    expect(page.locator("#labels dt")).to_have_text(["Old"] * 3)
    choose(page, photo("red.png"))
    expect(page.get_by_role("progressbar", name="Green")).to_be_visible()
    expect(page.locator("#labels dt")).to_have_text(["Red", "Green", "Blue"])
    expect(page.get_by_text("Model colours, version 1.")).to_be_visible()


def test_other_model_is_learned_from_its_answer(open_page: Open, settings: Settings, tmp_path: Path) -> None:
    write_bundle(tmp_path, metadata("other-colours", description="Tells colours, too."))
    with serve(settings) as address:
        page = open_page(address)
        expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
    with serve(settings_for(tmp_path, "other-colours"), port=urlsplit(address).port or 0):
        choose(page, photo("red.png"))
        expect(page.locator(".verdict")).to_contain_text("Red")
        expect(page.get_by_role("heading", level=1)).to_have_text("Other colours")
        page.context.close()


def test_description_ends_with_its_first_sentence(open_page: Open, tmp_path: Path) -> None:
    share = {"value": 0.9, "low": 0.8, "high": 1.0}
    scores = {"accuracy": share, "balanced_accuracy": share, "calibration_error": share, "classes": {}}
    metrics = {"validation": {"images": 40, "people": 40, **scores}}
    text = "Tells birds, e.g. owls, i.e. Strigiformes, from approx. 40 others. Made by hand."
    write_bundle(tmp_path, metadata(description=text, metrics=metrics))
    with serve(settings_for(tmp_path)) as address:
        page = open_page(address)
        expect(page.locator("#description")).to_have_text(text.removesuffix(" Made by hand."))
        expect(page.locator("#quality")).to_have_text(
            "Tried on 40 photos it had not seen, it was right about 90 %; expect a little less of new ones."
        )
        page.context.close()


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_long_names_leave_room_for_the_bars(open_page: Open, tmp_path: Path, width: int) -> None:
    titles = ["Soft-coated wheaten terrier of Ireland", "Donaudampfschifffahrtsgesellschaftskapitän", "Owl"]
    labels = [
        {"id": name, "title": title, "description": title, "search": title}
        for name, title in zip(COLOURS, titles, strict=True)
    ]
    names = ["dogs", "a-second-" + "x" * 50]
    for name in names:
        write_bundle(tmp_path, metadata(name, labels=labels, description="y" * 60))
    with serve(settings_for(tmp_path, ",".join(names))) as address:
        page = open_page(address, viewport={"width": width, "height": 700})
        page.get_by_label("Model").select_option(index=1)
        for count, colour in enumerate((RED, GREEN), start=1):
            choose(page, photo("z" * 60, colour))
            expect(page.locator(".verdict")).to_have_count(count)
            page.evaluate("for (const bars of document.querySelectorAll('.card details')) bars.open = true")
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert min(page.locator(".bars progress").evaluate_all(WIDTHS)) >= 40
        # Short words are not broken for the sake of long ones.
        assert page.locator("#model-choice").evaluate("(label) => label.offsetHeight") < 60
        page.context.close()


def test_names_that_run_from_right_to_left_take_no_number_along(open_page: Open, tmp_path: Path) -> None:
    titles = ["אדום (עז)", "أخضر", "Blue"]
    labels = [
        {"id": name, "title": title, "description": f"{title}!", "search": title}
        for name, title in zip(COLOURS, titles, strict=True)
    ]
    write_bundle(tmp_path, metadata(labels=labels, description="איזה צבע!"))
    with serve(settings_for(tmp_path)) as address:
        page = open_page(address)
        choose(page, photo("red.png"))
        expect(page.locator(".verdict")).to_have_text("אדום (עז) > 99 %")
        # In one piece, behind the name; left alone it is shown as "99 <", the name, "%".
        name, share = (page.locator(f".verdict {tag}").evaluate(RECTANGLES) for tag in ("bdi", "small"))
        assert len(share) == 1 and share[0]["left"] >= max(piece["right"] for piece in name)
        directions = page.locator("#labels dd, .answer > p, #description").evaluate_all(DIRECTIONS)
        assert directions == ["rtl", "rtl", "rtl", "rtl", "ltr"]
        page.context.close()


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_pages_of_training_leave_room_for_the_bars(open_page: Open, tmp_path: Path, width: int) -> None:
    style = (ROOT / "training/pages/templates/page.css").read_text()
    cells = "".join(
        f'<span>{title}</span><span class="bar"></span><span class="n">&lt; 1 %</span>'
        for title in ("Soft-coated wheaten terrier of Ireland", "x" * 60)
    )
    card = f'<div class="card verdict"><img><div style="flex: 1"><div class="bars">{cells}</div></div></div>'
    (tmp_path / "page.html").write_text(f"<!doctype html><style>{style}</style><main>{card}</main>")
    page = open_page((tmp_path / "page.html").as_uri(), viewport={"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert min(page.locator(".bar").evaluate_all(WIDTHS)) >= 40
