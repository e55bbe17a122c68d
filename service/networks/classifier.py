"""One ONNX model: the session, what its metadata says, and probabilities for pictures of its input size."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import ValidationError

from service.arrays import NDArray
from service.errors import InvalidBundle
from service.networks.cost import is_light
from service.networks.metadata import BundleMetadata
from service.networks.onnx_file import METADATA_KEY
from service.networks.runtime import ON_CPU, PROVIDERS, Runtime
from service.validation import first_fault

INPUT = "image"
OUTPUT = "probabilities"
TYPICALITY: Final = "typicality"
EVIDENCE: Final = "evidence"
LARGEST: Final = 4096
"""Pixels a side of what a network looks at. Each photo is brought to that size before it is asked about."""
MOST_AT_ONCE_LIGHT: Final = 4
"""Pictures of one inference of such a network: four cost a fifth less each than one by one, eight no more."""
MOST_AT_ONCE: Final = 2
"""The same for others. Two together save going from thread to thread once, and where the processor has
VNNI two of 80 pixels cost 4 % less each than one by one. Four cost 5 % less, but all four wait for the last,
and each takes 3 MB of memory on every thread."""
PIXELS_AT_ONCE: Final = 1 << 15
"""Larger pictures are classified by themselves: of 160 pixels and more, many cost what they cost one by one,
and take memory by their area."""
OF_ONE_SHAPE: Final = frozenset({PROVIDERS["cuda"]})
"""Providers whose inferences all have as many pictures. ONNX Runtime plans each convolution anew where a CUDA
session gets another number of them than the last time, which takes longer than to compute
(https://github.com/microsoft/onnxruntime/issues/23006)."""

Probabilities = NDArray[np.float32]


@dataclass(frozen=True)
class Outputs:
    """What a model says about pictures; a model has the further outputs or not."""

    probabilities: Probabilities
    """float32 `[N, C]`, calibrated."""
    typicality: NDArray[np.float32] | None = None
    """float32 `[N]`: share of held-out training photos that are less usual, 0..1."""
    evidence: NDArray[np.float32] | None = None
    """float32 `[N, h, w, C]`: what each place of the picture adds to each class."""

    def row(self, number: int) -> "Outputs":
        """The outputs for one picture, `N` being 1."""
        one = slice(number, number + 1)
        return Outputs(
            self.probabilities[one],
            None if self.typicality is None else self.typicality[one],
            None if self.evidence is None else self.evidence[one],
        )


class Classifier:
    """A classifier on ONNX Runtime; safe to call from several threads at once.

    `path` is a `model.onnx` of the bundle contract. Raises InvalidBundle, with a one-line reason, for
    anything that breaks the contract.
    """

    def __init__(self, path: Path, runtime: Runtime = ON_CPU) -> None:
        self.path = path
        light = is_light(path)
        self._session = runtime.open(path, light)
        self.metadata = _read_metadata(self._session, path)
        self.input_size = _check_signature(self._session, path, len(self.metadata.labels))
        most = MOST_AT_ONCE_LIGHT if light else MOST_AT_ONCE
        self.at_once = runtime.at_once or max(1, min(most, PIXELS_AT_ONCE // self.input_size**2))
        """Most pictures of one inference."""
        self.providers: tuple[str, ...] = tuple(self._session.get_providers())
        self._filled_up = not OF_ONE_SHAPE.isdisjoint(self.providers)
        outputs = {node.name for node in self._session.get_outputs()}
        self.gives_typicality = TYPICALITY in outputs
        self.gives_evidence = EVIDENCE in outputs

    def probabilities(self, images: NDArray[np.uint8]) -> Probabilities:
        """Calibrated probabilities float32 `[N, C]` for pictures uint8 `[N, S, S, 3]`, RGB; rows sum to 1.

        Raises ValueError for another type or shape.
        """
        return self._run([OUTPUT], images)[OUTPUT]

    def outputs(self, images: NDArray[np.uint8], evidence: bool = False) -> Outputs:
        """Everything that the model says about pictures; as `probabilities` otherwise.

        Evidence comes only where it is asked for, though ONNX Runtime computes it anyway: it cannot leave out
        an output. See `benchmarks/README.md` for what that costs.
        """
        names = [OUTPUT]
        names += [TYPICALITY] if self.gives_typicality else []
        names += [EVIDENCE] if evidence and self.gives_evidence else []
        return Outputs(**self._run(names, images))

    def _run(self, names: list[str], images: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        size = self.input_size
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (size, size, 3):
            raise ValueError(
                f"Expected uint8 pictures of shape [N, {size}, {size}, 3]. "
                f"Received: {images.dtype} {list(images.shape)}."
            )
        parts = [images[start : start + self.at_once] for start in range(0, len(images), self.at_once)]
        found = [self._infer(names, part) for part in parts or [images]]
        return {
            name: np.concatenate(rows) for name, rows in zip(names, zip(*found, strict=True), strict=True)
        }

    def _infer(self, names: list[str], images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        missing = self.at_once - len(images) if self._filled_up else 0
        if missing:
            images = np.pad(images, ((0, missing), (0, 0), (0, 0), (0, 0)))
        answers: list[NDArray[np.float32]] = self._session.run(names, {INPUT: images})
        return [answer[: len(answer) - missing] for answer in answers]


def _read_metadata(session: Any, path: Path) -> BundleMetadata:
    document = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if document is None:
        raise InvalidBundle(f"{path}: expected metadata under the key {METADATA_KEY!r}. Received: none.")
    try:
        return BundleMetadata.model_validate_json(document)
    except ValidationError as error:
        raise InvalidBundle(f"{path}: metadata: {first_fault(error)}") from None


def _check_signature(session: Any, path: Path, classes: int) -> int:
    inputs = {node.name: node for node in session.get_inputs()}
    outputs = {node.name: node for node in session.get_outputs()}
    if set(inputs) != {INPUT} or OUTPUT not in outputs:
        raise InvalidBundle(
            f"{path}: expected the input {INPUT!r} and an output {OUTPUT!r}. "
            f"Received: inputs {sorted(inputs)}, outputs {sorted(outputs)}."
        )
    node, shape = inputs[INPUT], inputs[INPUT].shape
    fits = len(shape) == 4 and isinstance(shape[1], int) and shape[1] == shape[2] and shape[3] == 3
    if node.type != "tensor(uint8)" or not fits or isinstance(shape[0], int):
        raise InvalidBundle(f"{path}: expected uint8 [N, S, S, 3] pictures. Received: {node.type} {shape}.")
    if not 1 <= shape[1] <= LARGEST:
        raise InvalidBundle(f"{path}: expected pictures of 1 to {LARGEST} pixels a side. Received: {shape}.")
    answer = outputs[OUTPUT].shape  # empty for a scalar, and where ONNX Runtime cannot tell
    if len(answer) != 2 or answer[1] != classes:
        raise InvalidBundle(
            f"{path}: expected {classes} probabilities, one per label. Received: the shape {answer}."
        )
    _check_further(outputs, path, classes)
    return int(shape[1])


def _check_further(outputs: dict[str, Any], path: Path, classes: int) -> None:
    for name, rank, last, wanted in (
        (TYPICALITY, 1, None, "[N]"),
        (EVIDENCE, 4, classes, f"[N, h, w, {classes}]"),
    ):
        shape = outputs[name].shape if name in outputs else None
        if shape is not None and (len(shape) != rank or (last is not None and shape[-1] != last)):
            raise InvalidBundle(f"{path}: expected the output {name!r} as {wanted}. Received: {shape}.")
    for name in (OUTPUT, TYPICALITY, EVIDENCE):
        if name in outputs and isinstance(outputs[name].shape[0], int):
            raise InvalidBundle(
                f"{path}: expected the output {name!r} for any number of pictures. "
                f"Received: the shape {outputs[name].shape}."
            )
