"""The eye locator's ONNX sessions: small networks from one uint8 picture to named arrays."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidBundle
from service.geometry import RGB
from service.runtime import ON_CPU, Runtime

DOCUMENT = "locator.json"
INPUT = "picture"

Answers = dict[str, NDArray[np.float32]]


class Network:
    """One network of the bundle; safe to call from several threads at once.

    Raises InvalidBundle where the file is missing, broken or does not take one square uint8 picture.
    """

    def __init__(self, path: Path, runtime: Runtime = ON_CPU) -> None:
        # With more threads they take as long: 14.8 to 15.2 ms for a face with 1, 2, 4 and 8 of them.
        self._session = runtime.single.open(path)
        node = self._session.get_inputs()[0]
        if node.name != INPUT or node.type != "tensor(uint8)" or not _is_square(node.shape):
            raise InvalidBundle(
                f"{path}: expected the input {INPUT!r}, uint8 [1, S, S, 3]. "
                f"Received: {node.name!r}, {node.type} {node.shape}."
            )
        self.size = int(node.shape[1])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, picture: RGB) -> Answers:
        """Answers by name for one picture uint8 `[size, size, 3]`."""
        return dict(zip(self._outputs, self._session.run(None, {INPUT: picture[None]}), strict=True))


def _is_square(shape: list[int | str | None]) -> bool:
    return len(shape) == 4 and isinstance(shape[1], int) and shape[1] == shape[2] and shape[3] == 3


def read_document(folder: Path) -> dict[str, Any]:
    """The bundle's `locator.json`; raises InvalidBundle where it is missing, broken or of another version."""
    path = folder / DOCUMENT
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidBundle(f"{path}: expected the locator's JSON document: {error}") from error
    if not isinstance(document, dict):
        raise InvalidBundle(f"{path}: expected a JSON object. Received: {type(document).__name__}.")
    if document.get("schema_version") != 1 or "networks" not in document:
        raise InvalidBundle(f"{path}: expected schema_version 1 with networks. Received: {list(document)}.")
    return document
