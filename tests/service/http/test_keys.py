from pathlib import Path

import pytest

from service.http.keys import ApiKeys
from tests.gates import gated
from tests.uploads import picture

FIRST, SECOND = "first-key-of-sixteen", "second-key-of-sixteen"


@pytest.mark.parametrize(
    "headers",
    [{"X-API-Key": FIRST}, {"X-API-Key": SECOND}, {"Authorization": f"Bearer {SECOND}"}],
)
def test_a_known_key_may_classify(models: Path, headers: dict[str, str]) -> None:
    with gated(models, api_keys=f"{FIRST}, {SECOND}") as service:
        response = service.client.post("/v1/classify", files={"image": picture()}, headers=headers)
        assert response.status_code == 200


def test_everybody_else_may_only_look_at_probes(models: Path) -> None:
    with gated(models, api_keys=FIRST) as service:
        client = service.client
        for headers in (
            {},
            {"X-API-Key": "wrong"},
            {"X-API-Key": FIRST[:-1]},
            {"Authorization": "Basic YTpi"},
        ):
            response = client.post("/v1/classify", files={"image": picture()}, headers=headers)
            assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
            assert response.headers["www-authenticate"] == "Bearer"
        assert client.get("/v1/models").status_code == 401
        assert client.get("/health/ready").status_code == 200
        assert 'service_rejections_total{code="unauthorized"} 5.0' in client.get("/metrics").text
        assert "APIKeyHeader" in client.get("/openapi.json").json()["components"]["securitySchemes"]


def test_only_whole_keys_are_accepted() -> None:
    keys = ApiKeys((FIRST, SECOND))
    assert keys.accepts(FIRST) and keys.accepts(SECOND)
    assert not any(keys.accepts(key) for key in ("", FIRST + "x", FIRST[:-1], FIRST.upper(), "ключ"))
