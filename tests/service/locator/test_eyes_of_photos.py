"""Photos of faces against a running server, with the shipped locator."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from benchmarks.drawn_eyes import with_dark_glasses, with_shut_eyes
from service.locator.eyes import EyeLocator
from service.networks.runtime import Runtime
from service.pictures.geometry import RGB
from service.pictures.images import decode
from tests.bundles import metadata, write_bundle
from tests.processes import running

ROOT = Path(__file__).parents[3]
PORTRAIT = (ROOT / "examples/portrait.jpg").read_bytes()
CAT = (ROOT / "tests/data/pictures/chelsea.jpg").read_bytes()
ASKED = {
    "auto": "Expected a photo of a face, or of one open eye from near. Received: a picture of neither.",
    "eyes": "Expected a photo of a face. Received: a picture without one.",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    models = tmp_path_factory.mktemp("eyes")
    write_bundle(models, metadata(crop={"scale": 1.3, "centre": 0.5}))
    write_bundle(models, metadata(name="scenes"))
    shutil.copytree(ROOT / "models/eye-locator/1", models / "eye-locator/1")
    with running(models, model="colours,scenes") as (_, address), httpx.Client(base_url=address) as client:
        yield client


def ask(client: httpx.Client, photo: bytes | RGB, **query: str) -> httpx.Response:
    data = photo if isinstance(photo, bytes) else encoded(photo)
    return client.post("/v1/classify", params=query, files={"image": data})


def encoded(pixels: RGB) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def regions(answer: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(item["region"], item["face"]) for item in answer["results"]]


@pytest.mark.parametrize("region", ["auto", "eyes"])
def test_both_eyes_of_a_face(client: httpx.Client, region: str) -> None:
    answer = ask(client, PORTRAIT, region=region).json()
    assert regions(answer) == [("left_eye", 0), ("right_eye", 0)]
    assert answer["unusable"] == []
    left, right = (item["box"] for item in answer["results"])
    assert left["left"] > right["left"]  # the person's own left is right in the photo
    assert left["width"] == pytest.approx(1.3 * 18.6, abs=1)
    (advice,) = answer["results"][0]["advice"]
    assert (advice["code"], advice["bound"]) == ("face_too_small", 24.0)
    assert advice["value"] == pytest.approx(18.6, abs=0.5)
    assert advice["message"]


def test_boxes_are_in_pixels_of_the_upright_photo(client: httpx.Client) -> None:
    image = Image.fromarray(decode(PORTRAIT).pixels).resize((3464, 3464)).rotate(90)
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    answer = ask(client, file.getvalue()).json()
    assert answer["image"] == {"width": 3464, "height": 3464}
    box = answer["results"][0]["box"]
    middle = (box["left"] + box["width"] / 2, box["top"] + box["height"] / 2)
    assert middle == pytest.approx((246.3 * 3464 / 512, 104.6 * 3464 / 512), abs=20)


@pytest.mark.parametrize("region", ["auto", "eyes"])
def test_no_eyes_found(client: httpx.Client, region: str) -> None:
    for photo in (CAT, np.full((300, 400, 3), 255, np.uint8)):
        response = ask(client, photo, region=region)
        problem = response.json()
        assert (response.status_code, problem["code"]) == (422, "no_eyes_found")
        # What people are shown names no parameter that they could not set.
        assert problem["detail"] == f"{ASKED[region]} Face the camera in good light."


def test_a_close_up_is_no_face(client: httpx.Client) -> None:
    problem = ask(client, (ROOT / "examples/eye.jpg").read_bytes(), region="eyes").json()
    assert problem["detail"].startswith(ASKED["eyes"])


def test_a_close_up_is_looked_at_as_a_whole(client: httpx.Client) -> None:
    answer = ask(client, (ROOT / "examples/eye.jpg").read_bytes()).json()
    assert regions(answer) == [("whole", None)]


def test_closed_and_hidden_eyes_get_no_shape(client: httpx.Client) -> None:
    portrait = decode(PORTRAIT).pixels
    face = EyeLocator(ROOT / "models/eye-locator/1", Runtime(1)).locate(portrait)[0]
    for changed, code in (
        (with_shut_eyes(portrait, face), "eye_closed"),
        (with_dark_glasses(portrait, face), "eye_hidden"),
    ):
        answer = ask(client, changed).json()
        assert answer["results"] == []
        assert [(eye["region"], eye["code"]) for eye in answer["unusable"]] == [
            ("left_eye", code),
            ("right_eye", code),
        ]
        assert all(eye["detail"] for eye in answer["unusable"])


def test_every_face_where_asked_for(client: httpx.Client) -> None:
    head = decode(PORTRAIT).pixels[20:280, 90:350]
    couple = np.concatenate([head, head[:, ::-1]], axis=1)
    assert len(regions(ask(client, couple).json())) == 2
    everybody = regions(ask(client, couple, faces="all").json())
    assert {face for _, face in everybody} == {0, 1}
    assert len(everybody) == 4


def test_a_model_that_looks_at_whole_pictures_has_no_eyes_to_offer(client: httpx.Client) -> None:
    response = ask(client, PORTRAIT, region="eyes", model="scenes")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert regions(ask(client, PORTRAIT, model="scenes").json()) == [("whole", None)]


@pytest.mark.parametrize("times", [3, 4])
def test_boxes_in_a_large_photo_are_off_by_half_a_pixel_of_its_own(client: httpx.Client, times: int) -> None:
    pixels = np.asarray(Image.open(io.BytesIO(PORTRAIT)).resize((720, 720)))
    photos = [pixels.repeat(many, 0).repeat(many, 1) for many in (1, times)]
    answers = [ask(client, photo).json() for photo in photos]
    for small, large in zip(*(answer["results"] for answer in answers), strict=True):
        for side in ("left", "top"):
            exact = times * (small["box"][side] + 0.5) - 0.5
            assert large["box"][side] == pytest.approx(exact, abs=0.3)


@pytest.mark.parametrize(
    ("side", "detail", "advice"), [(1536, 512, []), (1536, 128, ["blurred"]), (620, 512, ["face_too_small"])]
)
def test_advice_is_about_the_photo_and_not_about_its_reduction(
    client: httpx.Client, side: int, detail: int, advice: list[str]
) -> None:
    portrait = Image.open(io.BytesIO(PORTRAIT)).resize((detail, detail)).resize((side, side))
    wall = Image.new("RGB", (3000, 2200), (120, 140, 160))
    wall.paste(portrait, (1000, 500))
    answer = ask(client, np.asarray(wall)).json()
    assert [[one["code"] for one in eye["advice"]] for eye in answer["results"]] == [advice] * 2
    for one in (one for eye in answer["results"] for one in eye["advice"] if one["code"] == "face_too_small"):
        assert one["value"] == pytest.approx(22.5, abs=1.5)
