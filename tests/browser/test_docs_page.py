"""The page of the API, whose Swagger UI comes of a CDN: what the page itself tells it."""

import pytest
from playwright.sync_api import expect
from starlette.types import Receive, Scope, Send

from service.app import create_app
from service.lifecycle.loading import load_predictor
from service.settings import Settings
from tests.browser.conftest import Open
from tests.serving import serve_app

pytestmark = pytest.mark.browser

# Stands for the library, which no test downloads: it fetches the document as Swagger UI does.
LIBRARY = """
window.SwaggerUIBundle = Object.assign(async ({ url, responseInterceptor }) => {
  const answer = await fetch(url);
  const heard = { ok: answer.ok, url: answer.url, text: await answer.text() };
  const { servers } = JSON.parse(responseInterceptor(heard).text);
  const called = await fetch(`${servers[0].url}/v1/models`);
  document.body.dataset.called = `${called.status} ${called.url}`;
}, { presets: {} });
"""


@pytest.mark.parametrize("prefix", ["", "/eyes"])
def test_the_service_is_called_where_the_page_is(open_page: Open, settings: Settings, prefix: str) -> None:
    app = create_app(settings, load_predictor(settings))

    async def stripped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["path"].removeprefix(prefix)}
        await app(scope, receive, send)

    with serve_app(stripped) as address:
        page = open_page(address)
        page.route("https://cdn.jsdelivr.net/**", lambda route: route.abort())
        page.add_init_script(LIBRARY)
        page.goto(f"{address}{prefix}/docs")
        expect(page.locator("body")).to_have_attribute("data-called", f"200 {address}{prefix}/v1/models")
        page.context.close()
