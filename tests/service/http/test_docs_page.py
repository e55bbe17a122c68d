import base64
import hashlib
import re

import httpx

from service.http.docs_page import VERSION


def test_the_page_runs_one_version_of_swagger_ui_and_nothing_else(client: httpx.Client) -> None:
    response = client.get("/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    foreign = re.findall(r'<(?:link|script)[^>]* (?:href|src)="(https?:[^"]*)"([^>]*)>', response.text)
    assert len(foreign) == len(re.findall("https?:", response.text)) == 2
    for _, facts in foreign:
        assert re.search(r' integrity="sha384-[A-Za-z0-9+/]{64}" crossorigin="anonymous"', facts)
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    style, script = (url for url, _ in foreign)
    (inline,) = re.findall(r"<script>(.*?)</script>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert (policy["style-src"], policy["script-src"]) == (style, f"'sha256-{digest}' {script}")
    assert f"/swagger-ui-dist@{VERSION}/" in style and re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert policy["default-src"] == "'none'" and "unsafe" not in str(policy)


def test_what_the_page_asks_of_the_service_is_there(client: httpx.Client) -> None:
    own = re.findall(r'(?:href|src)="(?!https?:)([^"]*)"|url: "([^"]*)"', client.get("/docs").text)
    assert sorted(map(max, own)) == ["openapi.json", "web/icon.svg"]
    assert {client.get(f"/{max(one)}").status_code for one in own} == {200}
    assert client.head("/docs").status_code == 200
