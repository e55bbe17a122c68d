"""The OpenAPI document of the process as it really starts."""

import json
import re
from pathlib import Path

import httpx

from service.answering.answers import UNTYPICAL
from service.http.problems import STATUS
from service.locator import quality
from service.locator.quality import Measurements

ROOT = Path(__file__).parents[3]


def test_the_document_is_the_one_that_the_clients_were_made_from(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document == json.loads((ROOT / "clients" / "openapi.json").read_text())
    assert client.get("/docs").status_code == 200


def test_fields_are_described_with_every_code_of_advice(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    told = re.findall(r"`(\w+)`", schemas["Advice"]["properties"]["code"]["description"])
    worst = Measurements(
        width=0.0, openness=0.0, white=0.0, contrast=0.0, brightness=0.0, sharpness=0.0, visible=0.0
    )
    assert told == [one.code for one in quality.advice(worst, roll=90.0, yaw=90.0)] + [UNTYPICAL]


def test_problems_are_promised_as_what_they_are_sent_as(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    promised = {
        (path, status): set(answer["content"])
        for path, methods in document["paths"].items()
        for method in methods.values()
        for status, answer in method["responses"].items()
        if status != "200"
    }
    assert ("/v1/classify", "415") in promised and ("/health/ready", "503") in promised
    assert set(map(frozenset, promised.values())) == {frozenset({"application/problem+json"})}
    assert document["components"]["schemas"]["Problem"]["title"] == "Problem"


def test_headers_are_promised_that_answers_have(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    answers = paths["/v1/classify"]["post"]["responses"]
    promised = {status: set(answer["headers"]) for status, answer in answers.items()}
    again = {"503", "504"}
    assert {status for status, names in promised.items() if "Retry-After" in names} == again
    assert all("X-Request-ID" in names for names in promised.values())
    assert "x-request-id" in client.get("/health").headers


def test_answers_may_grow_and_questions_may_not(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    answers = document["components"]["schemas"].values()
    assert [schema["title"] for schema in answers if schema.get("additionalProperties") is False] == []
    form = document["paths"]["/v1/classify"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert form["schema"]["additionalProperties"] is False


def test_every_refusal_of_a_photo_is_promised(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    for path in ("/v1/classify", "/v1/classify/batch"):
        promised = document["paths"][path]["post"]["responses"].keys() - {"200"}
        assert promised == {str(status) for status in STATUS.values()}
    for path in ("/v1/models", "/v1/models/{name}"):
        assert "500" in document["paths"][path]["get"]["responses"]
