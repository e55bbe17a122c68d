import logging
from pathlib import Path

import pytest

from service.answering.predictor import Asked, Predictor
from service.answering.prepared import Prepared
from tests.gates import gated
from tests.uploads import picture

UNEXPECTED = "Something went wrong on our side; the request id finds it in the logs."


def explode(self: Predictor, asked: Asked) -> Prepared:
    raise RuntimeError("a bug")


def test_an_unexpected_error_is_logged_once_and_told_to_nobody(
    models: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Predictor, "prepare", explode)
    with gated(models) as service, caplog.at_level(logging.ERROR):
        response = service.client.post("/v1/classify", files={"image": picture()})
    assert response.status_code == 500
    problem = response.json()
    assert (problem["code"], problem["detail"]) == ("internal_error", UNEXPECTED)
    (record,) = caplog.records
    assert vars(record)["request_id"] == problem["request_id"]
    assert record.exc_info is not None


def test_in_a_batch_it_is_the_problem_of_its_image(
    models: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    poison, prepare = picture("PNG", (7, 7)), Predictor.prepare

    def prepare_all_but(self: Predictor, asked: Asked) -> Prepared:
        return (explode if asked.photo == poison else prepare)(self, asked)

    monkeypatch.setattr(Predictor, "prepare", prepare_all_but)
    with gated(models) as service, caplog.at_level(logging.ERROR):
        files = [("images", picture()), ("images", poison), ("images", picture())]
        response = service.client.post("/v1/classify/batch", files=files)
        counted = service.client.get("/metrics").text
    assert response.status_code == 200
    problems = [item["problem"] and item["problem"]["code"] for item in response.json()["items"]]
    assert problems == [None, "internal_error", None]
    assert 'service_images_total{outcome="internal_error"} 1.0' in counted
    assert [record.getMessage() for record in caplog.records] == ["unexpected error in a batch"]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/classify", "/v1/classify"),
        ("/v1/models/anything", "/v1/models/{name}"),
        ("/web/app.js", "/web/{name:path}"),
        ("/v1/classify/", "unmatched"),
        ("/nowhere", "unmatched"),
    ],
)
def test_what_is_refused_by_its_size_counts_for_its_route(
    models: Path, caplog: pytest.LogCaptureFixture, path: str, route: str
) -> None:
    with gated(models, max_body_bytes=10_000) as service, caplog.at_level(logging.INFO, "service"):
        assert service.client.post(path, content=bytes(20_000)).status_code == 413
        counted = f'service_requests_total{{method="POST",route="{route}",status="413"}}'
        assert service.metric(counted) == 1
    (record,) = [record for record in caplog.records if record.getMessage() == "request"]
    assert vars(record)["route"] == route


def test_a_probe_that_is_refused_by_its_size_is_not_counted_either(models: Path) -> None:
    with gated(models, max_body_bytes=10_000) as service:
        assert service.client.post("/health/ready", content=bytes(20_000)).status_code == 413
        assert 'status="413"' not in service.client.get("/metrics").text
