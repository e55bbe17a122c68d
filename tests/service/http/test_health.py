import httpx
import pytest


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/health/ready", "/metrics", "/v1/models", "/v1/models/colours"]
)
def test_head_is_get_without_a_body(client: httpx.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert int(head.headers["content-length"]) > 0
    assert client.get(path).content  # the connection is where it should be


def test_head_of_what_is_not_there(client: httpx.Client) -> None:
    assert client.head("/v1/models/nobody").status_code == 404
