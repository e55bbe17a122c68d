"""Write a bundle: `models/<name>/<version>/` with the model, its golden answers and its card.

The folder is put together beside its target, loaded the way the service loads it, and renamed: a target is
either complete and checked or not there.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import onnx
from onnx import ModelProto
from pydantic import TypeAdapter, ValidationError

from service.errors import InvalidBundle
from service.networks import bundle
from service.networks.classifier import Classifier
from service.networks.folders import MODEL_FILE
from service.networks.metadata import BundleMetadata, Name
from service.networks.onnx_file import METADATA_KEY
from service.pictures.geometry import RGB
from training.bundles.card import CARD_FILE, model_card
from training.console import quoted, say
from training.errors import TrainingError
from training.graph.golden import write_golden
from training.new_folders import check_writable

LICENCE: Final = (
    "The weights are derived from VGG16 (Simonyan and Zisserman 2014, Visual Geometry Group, Oxford), which "
    "is licensed under CC BY 4.0."
)


@dataclass(frozen=True)
class Target:
    """Where a bundle goes: `models/<name>/<version>`."""

    folder: Path
    name: str
    version: int

    @classmethod
    def parse(cls, folder: Path) -> "Target":
        """Read name and version from a path; raises TrainingError if it is taken or does not fit.

        So it does where nothing can be written, which would show after minutes of work.
        """
        folder = folder.absolute()
        if not re.fullmatch("[1-9][0-9]*", folder.name):
            raise TrainingError(
                f"Expected models/<name>/<version>, the version from 1 up, such as 2. Received: {folder}"
            )
        try:
            name = TypeAdapter(Name).validate_python(folder.parent.name)
        except ValidationError:
            raise TrainingError(
                "Expected a name of lower-case letters, digits, dots, dashes and underscores in "
                f"models/<name>/<version>. Received: {folder.parent.name!r}"
            ) from None
        if folder.exists():
            raise TrainingError(f"{folder} exists already. A version never changes: export the next one.")
        check_writable(folder.parent, "--to")
        return cls(folder, name, int(folder.name))


def write_bundle(
    model: ModelProto, metadata: BundleMetadata, target: Target, golden: Sequence[RGB], notes: str
) -> None:
    """Write a bundle; `golden` are pictures of the input size, `notes` the author's part of the card.

    Raises TrainingError, with nothing written, if the service would refuse it.
    """
    onnx.helper.set_model_props(model, {METADATA_KEY: metadata.model_dump_json()})
    with _parents(target.folder), _workshop(target) as folder:
        onnx.save(model, folder / MODEL_FILE)
        classifier = Classifier(folder / MODEL_FILE)
        write_golden(folder / "golden", golden, classifier)
        (folder / CARD_FILE).write_text(model_card(metadata, notes), encoding="utf-8")
        try:
            bundle.load(folder)
        except InvalidBundle as error:
            raise TrainingError(f"The service refuses this bundle: {error}. Nothing was written.") from None
        folder.rename(target.folder)


@contextmanager
def _parents(folder: Path) -> Iterator[None]:
    """The folders above a new one, removed again where nothing came of it."""
    new = [path for path in folder.parents if not path.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # of somebody else's who came to use it
            for path in new:
                path.rmdir()
        raise


@contextmanager
def _workshop(target: Target) -> Iterator[Path]:
    """A folder `<name>/<version>` on the target's own disk, so that the last step is one rename."""
    root = Path(tempfile.mkdtemp(prefix=".export-", dir=target.folder.parent))
    try:
        folder = root / target.name / target.folder.name
        folder.mkdir(parents=True)
        yield folder
    finally:
        shutil.rmtree(root, ignore_errors=True)


def say_written(folder: Path, metadata: BundleMetadata) -> None:
    """What was written where, and how it is served from where the service does not look by itself."""
    size = (folder / MODEL_FILE).stat().st_size
    say(f"written: {folder} ({metadata.name} {metadata.version}, {size / 1e6:.1f} MB)")
    here, models = Path.cwd(), folder.absolute().parent.parent
    if models != here / "models":
        shown = models.relative_to(here) if models.is_relative_to(here) else models
        also = " beside a copy of models/eye-locator" if metadata.crop else ""
        say(f"Serve it{also}: SERVICE_MODELS={quoted(shown)} SERVICE_MODEL={metadata.name} make serve")
