"""What an answer says about itself, over HTTP: typicality, evidence, the person, the card's numbers."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest
from PIL import Image
from pydantic import ValidationError

from service.answering.answers import classification
from service.answering.evidence import SIDE, data_url
from service.answering.targets import Target
from service.errors import InvalidBundle
from service.networks.classifier import Classifier, Outputs
from service.networks.metadata import BundleMetadata
from service.pictures.geometry import Square
from tests.bundles import colour_model, explaining, metadata, write_bundle
from tests.serving import serve, settings_for
from tests.uploads import picture

ROOT = Path(__file__).parents[2]
ESTIMATE = {"value": 0.9, "low": 0.8, "high": 1.0}
CLASS = {"precision": ESTIMATE, "recall": ESTIMATE, "f1": ESTIMATE, "support": 7}
METRICS = {
    "validation": {
        "images": 21,
        "people": 9,
        "accuracy": ESTIMATE,
        "balanced_accuracy": ESTIMATE,
        "calibration_error": {"value": 0.03, "low": 0.02, "high": 0.06},
        "classes": {"red": CLASS, "green": CLASS, "blue": CLASS},
    },
    "calibration": {"coverage": 0.9, "accuracy_when_sure": 0.95},
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service of a model that explains itself, and of one that does not."""
    models = tmp_path_factory.mktemp("models")
    write_bundle(models, metadata("explained", typicality_bound=0.3, metrics=METRICS), explains=True)
    write_bundle(models)
    with serve(settings_for(models, "explained,colours")) as address, httpx.Client(base_url=address) as found:
        yield found


def filled(colour: tuple[int, int, int]) -> bytes:
    return picture(size=(40, 40), colour=colour)


def overlay(url: str) -> Image.Image:
    assert url.startswith("data:image/png;base64,")
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))


def ask(client: httpx.Client, photo: bytes, query: str = "") -> dict[str, object]:
    response = client.post(f"/v1/classify?region=whole&{query}", files={"image": photo})
    assert response.status_code == 200
    (result,) = response.json()["results"]
    return dict(result)


def test_a_typical_picture_gets_a_certain_answer(client: httpx.Client) -> None:
    result = ask(client, filled((200, 0, 0)))
    assert result["typicality"] == pytest.approx(200 / 255, abs=1e-3)
    assert (result["certain"], result["advice"], result["evidence"]) == (True, [], None)


def test_an_untypical_picture_gets_none_however_confident(client: httpx.Client) -> None:
    result = ask(client, filled((60, 0, 0)))
    assert result["confidence"] == pytest.approx(1 / (1 + 2 * np.exp(-3)), abs=1e-3)
    assert result["certain"] is False
    assert result["advice"] == [
        {
            "code": "untypical",
            "value": 0.235,
            "bound": 0.3,
            "message": "This is unlike the photos that the model learned from. Try another photo.",
        }
    ]


def test_evidence_is_a_small_png_over_the_box(client: httpx.Client) -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:16, 16:, 0] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    url = ask(client, file.getvalue(), "evidence=true")["evidence"]
    assert isinstance(url, str) and len(url) < 8000
    alpha = np.asarray(overlay(url))[..., 3]
    assert alpha.shape == (SIDE, SIDE)
    assert alpha[:28, 36:].min() > 150
    assert max(alpha[36:].max(), alpha[:, :28].max()) == 0


def test_evidence_in_a_batch(client: httpx.Client) -> None:
    files = [("images", picture()), ("images", picture())]
    items = client.post("/v1/classify/batch?region=whole&evidence=true", files=files).json()["items"]
    assert all(overlay(item["answer"]["results"][0]["evidence"]).mode == "RGBA" for item in items)


def test_what_is_no_number_is_no_answer() -> None:
    known = BundleMetadata.model_validate(metadata())
    answers = np.array([[np.nan, 0.5, 0.5]], np.float32)
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        classification(known, Target("whole", Square(0, 0, 9)), Outputs(answers), "https://a?{query}")


def test_a_model_without_further_outputs_answers_as_before(client: httpx.Client) -> None:
    result = ask(client, filled((60, 0, 0)), "model=colours&evidence=true")
    assert (result["typicality"], result["evidence"], result["certain"]) == (None, None, True)


def test_no_evidence_at_all_is_a_clear_overlay() -> None:
    for values in (np.zeros((5, 5)), np.full((5, 5), -1.0), np.full((5, 5), np.nan)):
        assert np.asarray(overlay(data_url(values.astype(np.float32))))[..., 3].max() == 0


def test_models_say_what_they_give(client: httpx.Client) -> None:
    explained, colours = client.get("/v1/models").json()["models"]
    assert (explained["evidence"], explained["typicality_bound"]) == (True, 0.3)
    assert (colours["evidence"], colours["typicality_bound"], colours["quality"]) == (False, None, None)


def test_facts_that_only_newer_services_know_change_nothing(tmp_path: Path) -> None:
    facts = {"base": "other", "multiply_adds": 5, "parameters": 3, "of_tomorrow": 7}
    write_bundle(tmp_path, metadata(network=facts))
    with serve(settings_for(tmp_path, "colours")) as address:
        (model,) = httpx.get(f"{address}/v1/models").json()["models"]
    assert model["network"]["multiply_adds"] == 5
    assert "of_tomorrow" not in model["network"]


def test_one_model_tells_its_card(client: httpx.Client) -> None:
    quality = client.get("/v1/models/explained").json()["quality"]
    assert (quality["photos"], quality["people"]) == (21, 9)
    assert quality["accuracy"] == ESTIMATE
    assert quality["calibration_error"]["value"] == 0.03
    assert (quality["coverage"], quality["accuracy_when_certain"]) == (0.9, 0.95)
    assert quality["classes"]["red"] == {
        "photos": 7,
        "precision": ESTIMATE,
        "recall": ESTIMATE,
        "f1": ESTIMATE,
    }


@pytest.mark.parametrize(("name", "shape"), [("typicality", ["N", 3]), ("evidence", ["N", 3])])
def test_a_further_output_of_another_shape_is_refused(tmp_path: Path, name: str, shape: list[str]) -> None:
    model = colour_model(metadata())
    model.graph.node.append(onnx.helper.make_node("Identity", ["logits"], [name]))
    model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(InvalidBundle, match=f"expected the output '{name}' as"):
        Classifier(tmp_path / "model.onnx")


def test_evidence_comes_only_when_asked_for(tmp_path: Path) -> None:
    onnx.save(explaining(metadata()), tmp_path / "model.onnx")
    classifier = Classifier(tmp_path / "model.onnx")
    images = np.zeros((9, 32, 32, 3), np.uint8)
    assert classifier.outputs(images).evidence is None
    explained = classifier.outputs(images, evidence=True)
    assert explained.evidence is not None and explained.evidence.shape == (9, 32, 32, 3)
    assert explained.row(8).probabilities.shape == (1, 3)


def test_the_shipped_model_answers_for_the_person() -> None:
    with serve(settings_for(ROOT / "models", "eye-shape")) as address:
        photo = (ROOT / "examples/portrait.jpg").read_bytes()
        response = httpx.post(f"{address}/v1/classify?evidence=true", files={"image": photo}, timeout=60)
        quality = httpx.get(f"{address}/v1/models/eye-shape").json()["quality"]
    answer = response.json()
    (person,) = answer["people"]
    eyes = answer["results"]
    assert {eye["region"] for eye in eyes} == {"left_eye", "right_eye"}
    used = [eye for eye in eyes if eye["region"] in person["regions"]]
    for name, share in person["probabilities"].items():
        assert share == pytest.approx(np.mean([eye["probabilities"][name] for eye in used]), abs=1e-6)
    assert quality["people"] > 100
    assert 0 < quality["balanced_accuracy"]["low"] < quality["balanced_accuracy"]["high"] <= 1
