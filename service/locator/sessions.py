"""The eye locator's ONNX sessions: small networks from one uint8 picture to named arrays."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.errors import InvalidBundle
from service.networks.runtime import ON_CPU, Runtime
from service.pictures.geometry import RGB

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
