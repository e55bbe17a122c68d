"""Hostile and clumsy uploads against a real server: each is its own clear problem, and the server goes on."""

import asyncio
import base64
import encodings
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from service.errors import TooManyImages
from service.http.uploads import read_images
from tests.uploads import (
    MULTIPART,
    bomb,
    end,
    long_gif,
    noise,
    part,
    picture,
    png_header,
    scan_bomb,
    text_bomb,
    tile_bomb,
)

JPEG = picture("JPEG", (64, 64))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def flipped(data: bytes) -> bytes:
    broken = bytearray(data)
    for place in range(2, len(broken), 7):
        broken[place] ^= 0xFF
    return bytes(broken)


HOSTILE = {
    "empty": (b"", 422, "empty_file"),
    "text": (b"hello", 415, "unsupported_format"),
    "pdf": (b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", 415, "unsupported_format"),
    "svg": (SVG, 415, "unsupported_format"),
    "html": (b"<!doctype html><script>alert(1)</script>", 415, "unsupported_format"),
    "zip": (b"PK\x03\x04" + bytes(60), 415, "unsupported_format"),
    "truncated jpeg": (noise(64, "JPEG")[:2000], 422, "corrupt_image"),
    "bit-flipped jpeg": (flipped(JPEG), 422, "corrupt_image"),
    "truncated png": (picture("PNG")[:60], 422, "corrupt_image"),
    "png header only": (png_header(10, 10), 422, "corrupt_image"),
    "no pixels": (png_header(0, 10), 422, "corrupt_image"),
    "bomb": (bomb(), 413, "image_too_large"),
    "one long side": (bomb(30_000, 1), 413, "image_too_large"),
    "scan bomb": (scan_bomb(), 413, "image_too_large"),
    "tile bomb": (tile_bomb(16, 8192), 413, "image_too_large"),
    "text bomb": (text_bomb(), 422, "corrupt_image"),
    "gif header and a script": (b"GIF89a/*" + bytes(6) + b"*/=alert(1)", 422, "corrupt_image"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_unusable_picture_is_its_own_problem(client: httpx.Client, name: str) -> None:
    data, status, code = HOSTILE[name]
    response = client.post("/v1/classify?region=whole", files={"image": ("a.jpg", data, "image/jpeg")})
    problem = response.json()
    assert (response.status_code, problem["code"], problem["status"]) == (status, code, status)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["request_id"] == response.headers["x-request-id"]


USABLE: dict[str, tuple[str, bytes, str]] = {
    "jpeg": ("a.jpg", JPEG, "image/jpeg"),
    "20,000 frames": ("a.gif", long_gif(), "image/gif"),
    "jpeg and zip": ("a.jpg", JPEG + b"PK\x03\x04" + bytes(60), "image/jpeg"),
    "jpeg and script": ("a.js", JPEG + b"<script>alert(1)</script>", "text/javascript"),
    "wrong content type": ("a.txt", JPEG, "text/plain"),
    "no content type": ("a", JPEG, ""),
    "path in the name": ("../../etc/passwd", JPEG, "image/jpeg"),
    "control characters in the name": ("a\x00\x1b[2J.jpg", JPEG, "image/jpeg"),
    "a long name": ("a" * 3000, JPEG, "image/jpeg"),
}


@pytest.mark.parametrize("name", USABLE)
def test_only_the_picture_itself_counts(client: httpx.Client, name: str) -> None:
    response = client.post("/v1/classify?region=whole", files={"image": USABLE[name]})
    assert response.status_code == 200
    assert response.json()["results"][0]["label"] == "red"


FORMS: dict[str, tuple[bytes, str]] = {
    "no part": (end(), "Received: no file."),
    "wrong field": (part(JPEG, 'form-data; name="photo"; filename="a"') + end(), "other fields ['photo']"),
    "a field of letters": (part(JPEG, 'form-data; name="Größe"') + end(), "other fields ['Größe']"),
    "one more field": (part(JPEG) + part(b"1", 'form-data; name="x"') + end(), "other fields ['x']"),
    "no name": (part(JPEG, "form-data") + end(), "other fields ['']"),
    "letters for bytes": (
        part(base64.b64encode(JPEG), extra="content-transfer-encoding: Base64\r\n") + end(),
        "Expected files as they are. Received: one coded as 'Base64'.",
    ),
    "many headers": (part(JPEG, extra="X: y\r\n" * 5000) + end(), "Maximum segment header count exceeded"),
    "a long header": (
        part(JPEG, extra=f"X: {'y' * 100_000}\r\n") + end(),
        "Maximum segment header length exceeded",
    ),
    "a header in several lines": (
        part(JPEG, extra="X: y\r\n y\r\n") + end(),
        "Segment header in several lines",
    ),
    "many parameters": (
        part(JPEG, 'form-data; name="image"' + ";a=b" * 100) + end(),
        "Maximum number of segment header parameters exceeded",
    ),
    "many fields": (part(b"1", 'form-data; name="x"') * 100 + end(), "Maximum segment count exceeded"),
    "a large field": (part(bytes(10_000), 'form-data; name="x"') + end(), "other fields ['x']"),
    "another boundary": (b"--other\r\n\r\n" + JPEG, "Unexpected end of multipart stream"),
    "no body": (b"", "Unexpected end of multipart stream"),
    "never ending": (part(JPEG), "Unexpected end of multipart stream"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_does_not_fit_the_api(client: httpx.Client, name: str) -> None:
    body, reason = FORMS[name]
    response = client.post("/v1/classify", content=body, headers=MULTIPART)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert reason in response.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "Expected multipart/form-data with the file field 'image'. Received: ''."),
        ({"content-type": "application/json"}, "Received: 'application/json'."),
        ({"content-type": "multipart/form-data"}, "with a boundary. Received: 'multipart/form-data'."),
        ({**MULTIPART, "content-encoding": "gzip"}, "without a Content-Encoding. Received: 'gzip'."),
    ],
)
def test_a_body_that_is_no_form(client: httpx.Client, headers: dict[str, str], reason: str) -> None:
    response = client.post("/v1/classify", content=b"{}", headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert reason in response.json()["detail"]


@pytest.mark.parametrize("charset", ["a-charset-of-its-own", "x" * 50_000, "utf-8"])
def test_a_charset_is_not_looked_up(charset: str) -> None:
    """Python would remember each name for ever."""
    known = set(encodings._cache)
    form = request([part(JPEG), end()], f"; charset={charset}")
    assert asyncio.run(read_images(form, "image", most=1)) == [JPEG]
    assert set(encodings._cache) == known


@pytest.mark.parametrize(
    "boundary", ["----=_Part_1_2.3", "a/b:(c)?", '"----=_Part_1_2.3"', '"a b"', "a; x=y"]
)
def test_a_boundary_may_lack_its_quotes(client: httpx.Client, boundary: str) -> None:
    body = part(JPEG) + end()
    line = boundary.split(";")[0].strip('"').encode()
    body = body.replace(b"--" + MULTIPART["content-type"].partition("boundary=")[2].encode(), b"--" + line)
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    assert client.post("/v1/classify", content=body, headers=headers).status_code == 200


@pytest.mark.parametrize("charset", ["UTF-8", "ISO-8859-1", "undefined", "x" * 5_000])
def test_a_form_may_name_any_charset(client: httpx.Client, charset: str) -> None:
    kind, boundary = MULTIPART["content-type"].split(";")
    headers = {"content-type": f"{kind}; charset={charset};{boundary}"}
    assert client.post("/v1/classify", content=part(JPEG) + end(), headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("disposition", "extra"),
    [
        ('form-data; name="image"', "Content-Type: image/jpeg\r\n"),
        ('form-data; name="image"', ""),
        ('form-data; name="image"', "Content-Transfer-Encoding: binary\r\n"),
        ("form-data; name=\"image\"; filename*=UTF-8''%e2%82%ac.jpg", "Content-Type: image/jpeg\r\n"),
    ],
)
def test_a_file_needs_no_name(client: httpx.Client, disposition: str, extra: str) -> None:
    url = "/v1/classify?region=whole"
    response = client.post(url, content=part(JPEG, disposition, extra) + end(), headers=MULTIPART)
    assert (response.status_code, response.json()["results"][0]["label"]) == (200, "red")
    text = client.post(url, content=part(b"hello", disposition, extra) + end(), headers=MULTIPART)
    assert (text.status_code, text.json()["code"]) == (415, "unsupported_format")


def test_a_name_of_any_bytes_is_no_hindrance(client: httpx.Client) -> None:
    body = part(JPEG, 'form-data; name="image"; filename="Jos?.jpg"').replace(b"Jos?", b"Jos\xe9") + end()
    response = client.post("/v1/classify?region=whole", content=body, headers=MULTIPART)
    assert (response.status_code, response.json()["results"][0]["label"]) == (200, "red")


@pytest.mark.parametrize("disposition", ['form-data; name="image"; filename="a"', 'form-data; name="image"'])
def test_a_repeated_field(client: httpx.Client, disposition: str) -> None:
    response = client.post("/v1/classify", content=part(JPEG, disposition) * 2 + end(), headers=MULTIPART)
    assert (response.status_code, response.json()["code"]) == (413, "too_many_images")


def test_a_batch_over_the_limit(client: httpx.Client) -> None:
    response = client.post("/v1/classify/batch", files=[("images", JPEG)] * 5)
    assert (response.status_code, response.json()["code"]) == (413, "too_many_images")


def test_a_bad_picture_in_a_batch_is_its_own_problem(client: httpx.Client) -> None:
    files = [("images", data) for data in (JPEG, b"", SVG, JPEG)]
    items = client.post("/v1/classify/batch?region=whole", files=files).json()["items"]
    assert [item["index"] for item in items] == [0, 1, 2, 3]
    assert [item["problem"] and item["problem"]["code"] for item in items] == [
        None,
        "empty_file",
        "unsupported_format",
        None,
    ]
    assert items[3]["answer"]["results"][0]["label"] == "red"


def test_memory_returns_to_where_it_was(client: httpx.Client) -> None:
    large = noise(700)
    assert resident(client) > 0
    for data in (large, bomb(), text_bomb()) * 2:
        client.post("/v1/classify", files={"image": data})
    before = resident(client)
    for data in (large, bomb(), text_bomb()) * 8:
        client.post("/v1/classify", files={"image": data})
    # 24 uploads of up to 1.5 MB, which would unpack to gigabytes.
    assert resident(client) - before < 20e6


def resident(client: httpx.Client) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("process_resident_memory_bytes "))


def request(parts: list[bytes], more: str = "") -> Request:
    """One whose body arrives in these parts; `more` of its Content-Type."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    headers = [(b"content-type", (MULTIPART["content-type"] + more).encode())]
    return Request({"type": "http", "headers": headers}, receive)


def test_reading_stops_at_the_first_file_too_many() -> None:
    parts = [part(JPEG) for _ in range(100)] + [end()]
    with pytest.raises(TooManyImages):
        asyncio.run(read_images(request(parts), "image", most=2))
    assert len(parts) > 90


def test_a_misspelt_parameter_is_not_taken_for_none(client: httpx.Client) -> None:
    response = client.post(
        "/v1/classify?regoin=eyes&faces=all", files={"image": ("a.jpg", JPEG, "image/jpeg")}
    )
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "invalid_request")
    assert problem["detail"] == "Expected the parameters region, faces, model, evidence. Received: 'regoin'."


def test_an_empty_name_of_a_model_is_not_taken_for_the_default(client: httpx.Client) -> None:
    response = client.post("/v1/classify?region=whole&model=", files={"image": ("a.jpg", JPEG)})
    assert (response.status_code, response.json()["code"]) == (404, "unknown_model")
    assert response.json()["detail"] == "Expected one of colours. Received: ''."


@pytest.mark.parametrize("query", ["region=whole&region=eyes", "faces=all&region=whole&region=whole"])
def test_a_repeated_parameter_is_not_taken_for_the_last(client: httpx.Client, query: str) -> None:
    response = client.post(f"/v1/classify?{query}", files={"image": ("a.jpg", JPEG, "image/jpeg")})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "invalid_request")
    assert problem["detail"] == "Expected each parameter once. Received: 'region' several times."
