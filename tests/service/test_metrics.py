from pathlib import Path

from prometheus_client import generate_latest

from service.metrics import Metrics
from tests.gates import gated
from tests.uploads import picture


def test_requests_images_stages_and_predictions_are_counted(models: Path) -> None:
    with gated(models, workers=2) as service:
        client = service.client
        client.post("/v1/classify?region=whole", files={"image": picture()})
        client.post("/v1/classify/batch", files=[("images", picture()), ("images", b"")])
        client.get("/v1/models/colours")
        client.get("/v1/models/" + "x" * 100)
        client.get("/nowhere/" + "x" * 100)
        client.request("PROPFIND", "/coffee")
        client.get("/openapi.json")
        for probe in ("/health", "/health/live", "/health/ready", "/metrics"):
            client.get(probe)
        text = client.get("/metrics").text
    lines = text.splitlines()
    for line in (
        'service_requests_total{method="POST",route="/v1/classify",status="200"} 1.0',
        'service_requests_total{method="POST",route="/v1/classify/batch",status="200"} 1.0',
        'service_requests_total{method="GET",route="/v1/models/{name}",status="200"} 1.0',
        'service_requests_total{method="GET",route="/v1/models/{name}",status="404"} 1.0',
        'service_requests_total{method="GET",route="unmatched",status="404"} 1.0',
        'service_requests_total{method="other",route="unmatched",status="404"} 1.0',
        'service_requests_total{method="GET",route="other",status="200"} 1.0',
        'service_images_total{outcome="ok"} 2.0',
        'service_images_total{outcome="empty_file"} 1.0',
        'service_stage_seconds_count{stage="inference"} 2.0',
        'service_request_seconds_count{route="/v1/classify"} 1.0',
        "service_waiting_seconds_count 3.0",
        "service_requests_inside 0.0",
        "service_images_queued 0.0",
        "service_workers_busy 0.0",
        "service_workers 2.0",
    ):
        assert line in lines
    assert 'label="red",model="colours",version="1"} 2.0' in text
    assert 'stage="locate"' not in text  # nobody looked for eyes
    assert "process_resident_memory_bytes" in text
    assert "/health" not in text
    assert "/metrics" not in text
    assert "xxx" not in text


def test_what_an_alert_waits_for_is_there_as_zero_before_it_happens(models: Path) -> None:
    with gated(models) as service:
        for series in (
            'service_requests_total{method="POST",route="/v1/classify",status="500"}',
            'service_requests_total{method="POST",route="/v1/classify/batch",status="500"}',
            'service_requests_total{method="GET",route="/v1/models",status="500"}',
            'service_images_total{outcome="internal_error"}',
            'service_rejections_total{code="overloaded"}',
            'service_rejections_total{code="deadline_exceeded"}',
            'service_model_reloads_total{outcome="loaded"}',
            'service_model_reloads_total{outcome="rejected"}',
        ):
            assert service.metric(series) == 0


def test_every_application_has_metrics_of_its_own() -> None:
    first, second = Metrics(), Metrics()
    first.requested("GET", "/v1/models", 200, 0.01, "")
    assert b'route="/v1/models"' in generate_latest(first.registry)
    assert b'route="/v1/models"' not in generate_latest(second.registry)
