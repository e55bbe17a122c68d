"""LitServe: one worker process per CPU, multipart uploads. `python -m ...litserve_onnx PORT`."""

import sys
from typing import Any

import litserve

from benchmarks.comparison.servers.model import WORKERS, Model


class Classification(litserve.LitAPI):
    """The four steps that LitServe asks for."""

    def setup(self, device: str) -> None:
        """Load the model, once in each worker."""
        self.model = Model()

    def decode_request(self, request: Any) -> bytes:
        """The uploaded file; LitServe hands over the parsed form."""
        content: bytes = request["image"].file.read()
        return content

    def predict(self, photo: bytes) -> dict[str, Any]:
        """Decode and classify."""
        return self.model.classify(photo)

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        """The answer is JSON already."""
        return output


# LitServe reads the type of the parameter `request`; without one it passes forms on.
del Classification.decode_request.__annotations__["request"]

if __name__ == "__main__":
    server = litserve.LitServer(
        Classification(api_path="/classify"), accelerator="cpu", workers_per_device=WORKERS
    )
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False)
