"""One Chromium and one service for all browser tests; every page fails its test on a script error."""

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from service.settings import Settings
from tests.browser.photos import PORTRAIT, answer_as_eyes
from tests.bundles import metadata, write_bundle
from tests.serving import Moody, moody, serve, settings_for

ROOT = Path(__file__).parent.parent.parent
PATIENCE_MS = 8_000
ARTEFACTS = ROOT / "artefacts" / "browser"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    # Pages of its own for the address bar of every window, and a process in reserve: longer than ours takes.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,SpareRendererForSitePerProcess",
]
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`));
"""

Open = Callable[..., Page]
Shoot = Callable[..., None]


def until(page: Page, condition: Callable[[], bool]) -> None:
    """Let the page go on until the condition is met."""
    for _ in range(PATIENCE_MS // 20):
        if condition():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it never became true")


def enlarge_text(page: Page) -> None:
    """Text of twice the size, as people set it in their browser."""
    session = page.context.new_cdp_session(page)
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    expect(page.locator("html")).to_have_css("font-size", "32px")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    film = tmp_path_factory.mktemp("camera") / "portrait.mjpeg"
    frame = io.BytesIO()
    # What a camera sees: the portrait on a landscape sensor.
    scene = Image.new("RGB", (960, 720), (196, 190, 182))
    scene.paste(Image.open(PORTRAIT).resize((720, 720)), (120, 0))
    scene.save(frame, "JPEG", quality=92)
    film.write_bytes(frame.getvalue() * 4)
    arguments = [*ARGUMENTS, f"--use-file-for-fake-video-capture={film}"]
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    models = tmp_path_factory.mktemp("models")
    write_bundle(models, metadata(description="Tells which colour a picture mostly has."))
    return settings_for(models)


@pytest.fixture(scope="session")
def predictor(settings: Settings) -> Moody:
    return moody(settings)


@pytest.fixture(scope="session")
def service(settings: Settings, predictor: Moody) -> Iterator[str]:
    with serve(settings, predictor) as address:
        yield address


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """Script errors and policy violations; a test may clear those that it means to cause."""
    faults: list[str] = []
    yield faults
    assert faults == []


@pytest.fixture
def open_page(browser: Browser, faults: list[str]) -> Iterator[Open]:
    """Open an address in a context of its own; options are those of `Browser.new_context`.

    With `eyes`, the answers are those of a model of eye shapes.
    """
    contexts: list[BrowserContext] = []

    def open_page(address: str, eyes: bool = False, **options: object) -> Page:
        context = browser.new_context(**{"service_workers": "block", **options})  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(REPORT_VIOLATIONS)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda message: faults.append(message.text) if "Security Policy" in message.text else None,
        )
        if eyes:
            answer_as_eyes(page)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Open, service: str) -> Page:
    return open_page(service)


@pytest.fixture(scope="session")
def shoot() -> Shoot:
    """Keep a picture of a page as an artefact of the run."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)

    def shoot(page: Page, name: str, full_page: bool = True) -> None:
        page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=full_page, animations="disabled")

    return shoot
