"""A new eye locator, while the service runs."""

import json
import shutil
from pathlib import Path

import pytest

from service.answering.predictor import Predictor
from service.lifecycle import rejections
from service.lifecycle.reload import Reloader, locators
from service.networks.models import ModelStore
from service.networks.runtime import Runtime
from service.settings import Settings
from tests.bundles import write_bundle

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
