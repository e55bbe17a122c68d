import gzip
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.http import web
from tests.bundles import write_bundle
from tests.serving import serve, settings_for

BUDGET = 160 * 1000


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    models = tmp_path_factory.mktemp("models")
    write_bundle(models)
    with serve(settings_for(models)) as address, httpx.Client(base_url=address) as client:
        yield client


def test_page_has_the_security_headers(client: httpx.Client) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    everywhere = {
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    for name, value in (web.SECURITY_HEADERS | everywhere).items():
        assert response.headers[name] == value


def test_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    policy = web.SECURITY_HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/sw.js", "text/javascript; charset=utf-8"),
        ("/web/app.js", "text/javascript; charset=utf-8"),
        ("/web/style.css", "text/css; charset=utf-8"),
        ("/web/vendor/pico.css", "text/css; charset=utf-8"),
        ("/web/manifest.webmanifest", "application/manifest+json"),
        ("/web/icon.svg", "image/svg+xml"),
        ("/web/icon-192.png", "image/png"),
    ],
)
def test_files_have_their_types(client: httpx.Client, path: str, media_type: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.headers["x-content-type-options"] == "nosniff"


def test_known_file_is_not_sent_again(client: httpx.Client) -> None:
    etag = client.get("/web/app.js").headers["etag"]
    for known in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
        again = client.get("/web/app.js", headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client.get("/web/app.js", headers={"if-none-match": '"other"'}).status_code == 200


def test_known_files_may_be_in_several_lines(client: httpx.Client) -> None:
    etag = client.get("/web/app.js").headers["etag"]
    headers = [("if-none-match", '"other"'), ("if-none-match", etag)]
    assert client.get("/web/app.js", headers=headers).status_code == 304


def test_text_is_compressed_for_those_who_can_read_it(client: httpx.Client) -> None:
    plain = client.get("/web/vendor/pico.css", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with client.stream("GET", "/web/vendor/pico.css", headers={"accept-encoding": "gzip"}) as response:
        sent = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "accept-encoding"
    assert gzip.decompress(sent) == plain.content
    assert len(sent) < len(plain.content) / 4


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("GZIP", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("gzip; q=0.001", True),
        ("gzip;q=0", False),
        ("gzip ; Q=0.000, br", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("x-gzip-not, br", False),
        ("", False),
    ],
)
def test_text_is_compressed_only_as_the_client_says(
    client: httpx.Client, accepted: str, compressed: bool
) -> None:
    response = client.get("/web/app.js", headers={"accept-encoding": accepted})
    assert (response.headers.get("content-encoding") == "gzip") == compressed


def test_the_encodings_may_be_in_several_lines(client: httpx.Client) -> None:
    headers = [("accept-encoding", "br"), ("accept-encoding", "gzip")]
    assert client.get("/web/app.js", headers=headers).headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(("before", "read"), [(99, True), (100, False)])
def test_of_a_long_list_the_first_hundred_are_read(client: httpx.Client, before: int, read: bool) -> None:
    plain = client.get("/web/app.js", headers={"accept-encoding": "br," * before + "gzip"})
    assert ("content-encoding" in plain.headers) == read
    known = '"other",' * before + plain.headers["etag"]
    assert (client.get("/web/app.js", headers={"if-none-match": known}).status_code == 304) == read


@pytest.mark.parametrize(
    "path", ["/web/missing.js", "/web/../app.py", "/web/%2e%2e/app.py", "/web/", "/web/LICENSE.md"]
)
def test_anything_else_is_a_problem(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


@pytest.mark.parametrize("path", ["/v1/classify/", "/v1/models/", "/health/live/", "/docs/"])
def test_a_slash_too_many_leads_nowhere(client: httpx.Client, path: str) -> None:
    """A redirect would take an upload and its key to whatever host was asked for, by plain http."""
    for response in (client.get(path), client.post(path, files={"image": b"x"})):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
        assert "location" not in response.headers


def test_head_is_answered(client: httpx.Client) -> None:
    assert client.head("/").status_code == 200


def test_page_refers_only_to_files_that_are_served(client: httpx.Client) -> None:
    page = client.get("/").text
    references = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert len(references) > 10
    assert {client.get(f"/{reference}").status_code for reference in references} == {200}


def test_page_has_no_inline_script_or_style(client: httpx.Client) -> None:
    page = client.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", page)


def test_no_file_asks_another_host() -> None:
    for name, asset in web.read_assets().items():
        # Names of XML namespaces are no requests.
        text = asset.body.replace(b"http://www.w3.org/", b"") if not name.endswith(".png") else b""
        text = re.sub(rb"/\*!.*?\*/", b"", text, flags=re.DOTALL)
        assert not re.search(rb"https?://", text), name


def test_worker_keeps_every_file() -> None:
    assets = web.read_assets()
    listed = set(re.findall(r'"web/([^"]+)"', assets["sw.js"].body.decode()))
    assert listed == set(assets) - {"index.html", "sw.js"}


def test_worker_changes_with_every_file(tmp_path: Path) -> None:
    shutil.copytree(web.FOLDER, tmp_path / "web")
    before = web.read_assets(tmp_path / "web")["sw.js"]
    assert web.read_assets(tmp_path / "web")["sw.js"] == before
    (tmp_path / "web" / "style.css").write_text("")
    after = web.read_assets(tmp_path / "web")["sw.js"]
    assert before.etag != after.etag
    assert re.search(rb"const CACHE = `web-[0-9a-f]{16}\$", after.body)


def test_vendored_style_comes_with_its_licence() -> None:
    assert "MIT License" in (web.FOLDER / "vendor" / "pico-LICENSE.md").read_text()


def test_everything_together_is_small() -> None:
    assert sum(len(asset.body) for asset in web.read_assets().values()) < BUDGET


def test_unknown_kinds_of_files_are_not_served(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>hello</p>")
    (tmp_path / "notes.txt").write_text("private")
    assert set(web.read_assets(tmp_path)) == {"index.html"}
