from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.comparison.raw import KINDS, loop
from benchmarks.comparison.servers.model import Model
from tests.bundles import write_bundle
from tests.uploads import picture

SHADES = range(0, 240, 40)
PHOTOS = tuple(picture(colour=(shade, shade, shade)) for shade in SHADES)


class Watched:
    """A session that notes the shade and the number of the pictures that it is asked about."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.asked: list[tuple[int, int]] = []

    def run(self, outputs: list[str], inputs: dict[str, Any]) -> Any:
        (pixels,) = inputs.values()
        self.asked.append((int(np.median(pixels)), len(pixels)))
        return self._session.run(outputs, inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_every_photo_is_asked_about_in_turn(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCHMARK_MODEL", str(write_bundle(tmp_path) / "model.onnx"))
    model = Model()
    model.session = watched = Watched(model.session)
    latencies = loop(model, PHOTOS, kind, 0.3, 1)
    together = KINDS[kind][1]
    assert len(latencies) == together * len(watched.asked)
    in_turn = [*SHADES[1:], *SHADES[:1]]
    assert watched.asked[: len(SHADES)] == [(shade, together) for shade in in_turn]
