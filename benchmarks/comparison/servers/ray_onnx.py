"""Ray Serve: one replica per CPU, without the dashboard. `python -m ...ray_onnx PORT`."""

import signal
import sys
from typing import Any

import ray
from ray import serve
from starlette.datastructures import UploadFile
from starlette.requests import Request

from benchmarks.comparison.servers.model import WORKERS, Model


@serve.deployment(num_replicas=WORKERS, ray_actor_options={"num_cpus": 1})
class Classification:
    """One replica."""

    def __init__(self) -> None:
        self.model = Model()

    async def __call__(self, request: Request) -> dict[str, Any]:
        """Answer for the file in the form field `image`."""
        form = await request.form()
        image = form["image"]
        if not isinstance(image, UploadFile):
            raise ValueError("Expected a file in the field image.")
        return self.model.classify(await image.read())


if __name__ == "__main__":
    ray.init(num_cpus=WORKERS, include_dashboard=False, logging_level="warning")
    serve.start(
        http_options={"host": "127.0.0.1", "port": int(sys.argv[1])}, logging_config={"log_level": 30}
    )
    application = Classification.bind()  # type: ignore[attr-defined]  # added by the decorator
    serve.run(application, route_prefix="/classify")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()
