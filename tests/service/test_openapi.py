"""The OpenAPI document of the process as it really starts."""

import json
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
FIELD = "Stable code, for instance `too_dark`."


def test_the_document_is_the_one_that_the_clients_were_made_from(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document == json.loads((ROOT / "clients" / "openapi.json").read_text())
    assert document["components"]["schemas"]["Advice"]["properties"]["code"]["description"] == FIELD
    assert client.get("/docs").status_code == 200
