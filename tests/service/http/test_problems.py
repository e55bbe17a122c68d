"""Problems that the framework finds, as clients read them."""

from pathlib import Path

import httpx
import pytest

from tests.serving import serve, settings_for

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")


@pytest.mark.parametrize("api_keys", ["", "a-key-of-sixteen-letters"])
def test_a_405_names_every_method_that_is_answered(models: Path, api_keys: str) -> None:
    reads = ["/health", "/health/live", "/health/ready", "/metrics", "/v1/models", "/v1/models/colours"]
    reads += ["/", "/sw.js", "/web/app.js", "/docs", "/openapi.json"]
    writes = ["/v1/classify", "/v1/classify/batch"]
    with serve(settings_for(models, api_keys=api_keys)) as address, httpx.Client(base_url=address) as client:
        for path in reads + writes:
            answers = {method: client.request(method, path) for method in METHODS}
            refused = [answer for answer in answers.values() if answer.status_code == 405]
            answered = ", ".join(method for method in METHODS if answers[method] not in refused)
            assert answered == ("GET, HEAD" if path in reads else "POST")
            assert {answer.headers["allow"] for answer in refused} == {answered}, path
            assert answers["DELETE"].json()["code"] == "method_not_allowed"
