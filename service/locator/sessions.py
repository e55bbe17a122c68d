"""The eye locator's ONNX sessions: small networks from uint8 pictures to named arrays."""

from pathlib import Path

import numpy as np

from service.arrays import NDArray
from service.errors import InvalidBundle
from service.networks.runtime import ON_CPU, Runtime
from service.pictures.geometry import RGB

INPUT = "picture"

Answers = dict[str, NDArray[np.float32]]


class Network:
    """One network of the bundle; safe to call from several threads at once.

    `several` is for one that takes any number of pictures, and whose answers have a first axis for them.
    Raises InvalidBundle where the file is missing, broken or does not take square uint8 pictures, so many.
    """

    def __init__(self, path: Path, runtime: Runtime = ON_CPU, several: bool = False) -> None:
        # With more threads they take as long: 14.8 to 15.2 ms for a face with 1, 2, 4 and 8 of them.
        self._session = runtime.single.open(path)
        node = self._session.get_inputs()[0]
        if node.name != INPUT or node.type != "tensor(uint8)" or not _is_square(node.shape, several):
            raise InvalidBundle(
                f"{path}: expected the input {INPUT!r}, uint8 [{'n' if several else 1}, S, S, 3]. "
                f"Received: {node.name!r}, {node.type} {node.shape}."
            )
        self.size = int(node.shape[1])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, *pictures: RGB) -> Answers:
        """Answers by name for pictures uint8 `[size, size, 3]`: for one, unless the network takes several."""
        answers = self._session.run(None, {INPUT: np.stack(pictures)})
        return dict(zip(self._outputs, answers, strict=True))


def _is_square(shape: list[int | str | None], several: bool) -> bool:
    if len(shape) != 4 or isinstance(shape[0], int) == several:
        return False
    return isinstance(shape[1], int) and shape[1] == shape[2] and shape[3] == 3
