"""The page opens without a network, with one that is silent, and after an upgrade."""

import asyncio
import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, expect
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from service.http import web
from service.settings import Settings
from tests.browser.conftest import Open, until
from tests.serving import serve, serve_app

pytestmark = pytest.mark.browser

KEPT = "caches.keys()"


def wait_for_worker(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def test_page_opens_without_the_service(open_page: Open, settings: Settings) -> None:
    with serve(settings) as address:
        page = open_page(address, service_workers="allow")
        wait_for_worker(page)
    page.reload()
    expect(page.locator("#outage")).to_contain_text("The service cannot be reached")
    with serve(settings, port=urlsplit(address).port or 0):
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Colours")
        expect(page.locator("#outage")).to_be_hidden()
        expect(page.get_by_role("button", name="Take a picture")).to_be_focused()


def test_page_opens_where_a_proxy_answers_for_the_service(open_page: Open, settings: Settings) -> None:
    with serve(settings) as address:
        page = open_page(address, service_workers="allow")
        wait_for_worker(page)
    bad_gateway = PlainTextResponse("Bad Gateway", status_code=502)
    with serve_app(bad_gateway, port=urlsplit(address).port or 0):
        page.reload()
        expect(page.locator("#outage")).to_contain_text("The service cannot be reached")
        page.context.close()


def test_page_opens_where_the_service_says_nothing(open_page: Open, settings: Settings) -> None:
    with serve(settings) as address:
        page = open_page(address, service_workers="allow")
        wait_for_worker(page)
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        silent.bind(("127.0.0.1", urlsplit(address).port or 0))
        silent.listen(64)
        page.reload(wait_until="commit")
        expect(page.get_by_role("button", name="Take a picture")).to_be_visible()
        page.context.close()


def test_an_upgrade_with_a_new_module_opens_offline(open_page: Open, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    shutil.copytree(web.FOLDER, folder)
    with serve_app(site(folder)) as address:
        page = open_page(address, service_workers="allow")
        wait_for_worker(page)
        (before,) = page.evaluate(KEPT)
        # What another page of the same origin keeps, at another path.
        page.evaluate("caches.open('another')")
    upgrade(folder)
    with serve_app(site(folder), port=urlsplit(address).port or 0):
        page.reload()
        until(page, lambda: before not in page.evaluate(KEPT))
    page.reload()
    expect(page.locator("body[data-upgraded]")).to_be_visible()
    assert "another" in page.evaluate(KEPT)


@pytest.mark.parametrize("slow, upgraded", [("/", 0), ("/web/app.js", 1)])
def test_an_upgrade_on_a_slow_line_mixes_no_versions(
    open_page: Open, tmp_path: Path, slow: str, upgraded: int
) -> None:
    """A page from the copies has its files from there too, and one from the network waits for them."""
    folder = tmp_path / "web"
    shutil.copytree(web.FOLDER, folder)
    with serve_app(site(folder)) as address:
        page = open_page(address, service_workers="allow")
        wait_for_worker(page)
    upgrade(folder)
    page_file, script = folder / "index.html", folder / "app.js"
    page_file.write_text(page_file.read_text().replace("<body>", '<body><p id="extra">New</p>'))
    script.write_text(script.read_text() + '\nbyId("extra", HTMLParagraphElement).remove();\n')
    app = site(folder)

    async def slowly(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == slow:
            await asyncio.sleep(4)
        await app(scope, receive, send)

    with serve_app(slowly, port=urlsplit(address).port or 0):
        page.reload()
        expect(page.locator("#outage")).to_be_visible()
        expect(page.locator("body[data-upgraded]")).to_have_count(upgraded)
        expect(page.locator("#extra")).to_have_count(0)
        page.context.close()


def site(folder: Path) -> FastAPI:
    app = FastAPI()
    app.include_router(web.create_router(folder))
    return app


def upgrade(folder: Path) -> None:
    (folder / "extra.js").write_text('document.body.dataset.upgraded = "yes";\n')
    app, worker = folder / "app.js", folder / "sw.js"
    app.write_text('import "./extra.js";\n' + app.read_text())
    worker.write_text(worker.read_text().replace('"web/failure.js",', '"web/extra.js",\n  "web/failure.js",'))
