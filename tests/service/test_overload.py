"""More requests than the service can take: the rest is told so at once."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

from tests.gates import eventually, gated
from tests.several import connected
from tests.uploads import MULTIPART, end, part, picture


def test_past_the_waiting_room_the_answer_is_503(models: Path) -> None:
    with gated(models, workers=1, waiting=2) as service, ThreadPoolExecutor(8) as pool:
        url = f"{service.address}/v1/classify"
        service.predictor.gate.clear()
        accepted = [pool.submit(service.client.post, url, files={"image": picture()}) for _ in range(3)]
        eventually(lambda: service.metric("service_requests_inside") == 3)
        refused = service.client.post(url, files={"image": picture()})
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert refused.headers["retry-after"] == "1"
        assert service.client.get("/health/ready").status_code == 200
        service.predictor.gate.set()
        assert [request.result().status_code for request in accepted] == [200, 200, 200]
        assert service.metric('service_rejections_total{code="overloaded"}') == 1
        assert service.client.post(url, files={"image": picture()}).status_code == 200


def test_a_batch_takes_turns_with_single_images(models: Path) -> None:
    with gated(models, workers=1, waiting=3) as service, ThreadPoolExecutor(8) as pool:
        url = f"{service.address}/v1/classify"
        service.predictor.gate.clear()
        files = [("images", picture())] * 6
        batch = pool.submit(
            service.client.post, f"{url}/batch", files=files, headers={"X-Request-ID": "batch"}
        )
        service.predictor.wait_until_asked()
        single = pool.submit(
            service.client.post, url, files={"image": picture()}, headers={"X-Request-ID": "single"}
        )
        eventually(lambda: service.metric("service_requests_inside") == 2)
        service.predictor.gate.set()
        assert single.result().status_code == 200
        assert len(batch.result().json()["items"]) == 6
        assert service.predictor.asked.index("single") <= 2


def test_a_rejected_upload_leaves_the_connection_usable(models: Path) -> None:
    with gated(models, workers=1, waiting=1) as service, ThreadPoolExecutor(8) as pool:
        url = f"{service.address}/v1/classify"
        service.predictor.gate.clear()
        accepted = [pool.submit(service.client.post, url, files={"image": picture()}) for _ in range(2)]
        eventually(lambda: service.metric("service_requests_inside") == 2)
        large = part(picture() + bytes(3_000_000)) + end()
        with connected(service.address) as connection:  # which would not connect anew without a word
            connection.auto_open = False
            connection.connect()
            first = connection.sock
            assert upload(connection, large) == 503
            service.predictor.gate.set()
            assert [request.result().status_code for request in accepted] == [200, 200]
            assert upload(connection, large) == 200
            assert connection.sock is first


def upload(connection: HTTPConnection, body: bytes) -> int:
    connection.request("POST", "/v1/classify", body, MULTIPART)
    answer = connection.getresponse()
    answer.read()
    return answer.status
