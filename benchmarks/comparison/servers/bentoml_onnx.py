"""BentoML: one worker process per CPU. `bentoml serve ...bentoml_onnx:Classification --port PORT`."""

from pathlib import Path
from typing import Annotated, Any

import bentoml
from bentoml.validators import ContentType

from benchmarks.comparison.servers.model import WORKERS, Model


@bentoml.service(workers=WORKERS, traffic={"timeout": 60})
class Classification:
    """One method, one route."""

    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api
    def classify(self, image: Annotated[Path, ContentType("image/*")]) -> dict[str, Any]:
        """Answer for one uploaded picture, which BentoML keeps in a temporary file."""
        return self.model.classify(image.read_bytes())
