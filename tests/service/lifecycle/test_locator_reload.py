"""A new eye locator, while the service runs."""

import json
import shutil
from pathlib import Path

import httpx
import pytest

from service.answering.predictor import Predictor
from service.lifecycle import rejections
from service.lifecycle.reload import Reloader, locators
from service.networks.models import ModelStore
from service.networks.runtime import Runtime
from service.settings import Settings
from tests.bundles import metadata, write_bundle
from tests.processes import running
from tests.several import patched
from tests.uploads import picture

LOCATOR = Path(__file__).parents[3] / "models/eye-locator/1"


def test_a_new_eye_locator_is_served_and_a_bad_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejections, "STILL_SECONDS", 0.0)
    write_bundle(tmp_path)
    store = ModelStore.load(tmp_path, "colours", Runtime(1))
    predictor = Predictor(store, Settings(models=tmp_path))
    reloader = Reloader(store, [locators(predictor, tmp_path / "eye-locator", Runtime(1))])
    shutil.copytree(LOCATOR, tmp_path / "eye-locator" / "1")
    reloader.look()
    assert predictor.locator is None
    reloader.look()
    assert predictor.locator is not None and predictor.locator.version == 1
    bad = tmp_path / "eye-locator" / "2"
    shutil.copytree(LOCATOR, bad)
    document = json.loads((bad / "locator.json").read_text())
    document["golden"]["corners"]["left"][0][0] += 20
    (bad / "locator.json").write_text(json.dumps(document))
    reloader.look()
    reloader.look()
    assert predictor.locator.version == 1
    assert "are off by" in store.rejected[bad]


def test_a_model_that_looks_at_eyes_waits_for_the_locator(tmp_path: Path) -> None:
    write_bundle(tmp_path / "models")
    impatient = patched("from service.lifecycle import rejections; rejections.STILL_SECONDS = 0")
    with (
        running(tmp_path / "models", code=impatient, reload_seconds=0.05) as (process, address),
        httpx.Client(base_url=address) as client,
    ):
        crop = {"scale": 2.0, "centre": 0.5}
        fresh = write_bundle(tmp_path / "made", metadata(version=2, crop=crop))
        fresh.rename(tmp_path / "models" / "colours" / "2")
        assert "expected an eye locator" in process.wait_for("new model version rejected")["reason"]
        answer = client.post("/v1/classify", files={"image": picture()})
        assert (answer.status_code, answer.json()["model"]["version"]) == (200, 1)
        shutil.copytree(LOCATOR, tmp_path / "models" / "eye-locator" / "1")
        assert process.wait_for("new model version loaded")["model"] == "eye-locator"
        (tmp_path / "models" / "colours" / "2" / "model.onnx").touch()
        assert process.wait_for("new model version loaded")["model"] == "colours"
        assert client.post("/v1/classify", files={"image": picture()}).json()["code"] == "no_eyes_found"
