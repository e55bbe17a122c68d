"""`python -m training export`: a run becomes a bundle that the service can serve."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Final, get_args

import numpy as np

from service.networks.metadata import Label
from training.bundles.bundling import LICENCE, Target, say_written
from training.bundles.exporting import Options, Trained, export
from training.commands.outputs import check_outside
from training.console import say
from training.data.csv_tables import as_named, read_classes
from training.data.folders import read_dataset
from training.data.photos import load
from training.errors import TrainingError
from training.graph.parity import ParityError
from training.graph.storage import Storage
from training.hyperparameters import OTHER_RUNS
from training.measuring.heldout import HeldOut
from training.network.assembly import average
from training.network.runs import HELD_OUT, Run
from training.network.typicality import Typicality

TOLD: Final = ("title", "description", "search")
"""What a table of classes may say about one."""
HELP: Final = (
    "Write a run as one ONNX bundle, calibrated and checked against Keras. "
    "Exit code 1, and nothing written, if the file would not answer like the network."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.description = HELP
    parser.add_argument(
        "run",
        type=Path,
        nargs="+",
        help="a run folder of `training fit`; several on the same photos are averaged, which errs less and "
        "costs more: the layers that they do not share run once for each",
    )
    parser.add_argument("--to", type=Path, required=True, metavar="models/NAME/VERSION", help="a new folder")
    parser.add_argument(
        "--data",
        type=Path,
        help="calibrate and check on the validation photos of this folder (default: those kept with the run)",
    )
    parser.add_argument(
        "--storage",
        choices=get_args(Storage),
        help="how weights are stored (default: float16 if the file stays under 32 MB, else int8)",
    )
    parser.add_argument(
        "--golden",
        type=Path,
        nargs="+",
        default=[],
        metavar="PHOTO",
        help="photos you may publish, for the bundle's golden answers (default: made-up pictures)",
    )
    parser.add_argument(
        "--classes",
        type=Path,
        help="a CSV with the columns id, title, description, search (default: what the run knows)",
    )
    parser.add_argument("--description", default="", help="one or two sentences about the model")
    parser.add_argument(
        "--by",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="columns of labels.csv: the card says on which of their values the model is less often right",
    )
    parser.add_argument("--card-notes", type=Path, metavar="FILE", help="Markdown for the model card")
    parser.add_argument("--licence", default=LICENCE, help="licence of the weights")


def run(options: argparse.Namespace) -> int:
    """Export; returns 1 if the ONNX file disagrees with the network."""
    target = Target.parse(options.to)
    check_outside(options, "to")
    runs = [Run.load(path) for path in options.run]
    finished = runs[0]
    check_alike(runs)
    heldout = heldout_photos(finished, options.data)
    labels = _labels(finished.labels, options.classes)
    typicality = typicality_of(finished, options.data)
    network = average([one.network() for one in runs])
    trained = Trained(network, _facts(runs), labels, typicality)
    chosen = Options(
        storage=options.storage,
        golden=options.golden,
        description=options.description,
        notes=_read(options.card_notes) if options.card_notes else "",
        licence=options.licence,
        by=options.by,
    )
    try:
        metadata = export(trained, heldout, target, chosen)
    except ParityError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    say_written(options.to, metadata)
    return 0


def check_alike(runs: Sequence[Run]) -> None:
    """Raise TrainingError unless runs have learned the same classes from the same view of the same photos.

    They also have to end at the same block: evidence is averaged place by place.
    """
    first = runs[0].config
    for other in runs[1:]:
        for what, one, another in (
            ("classes", [label.id for label in first.labels], [label.id for label in other.config.labels]),
            ("crop", first.crop, other.config.crop),
            ("size", first.hyperparameters.size, other.config.hyperparameters.size),
            ("last block", first.hyperparameters.until, other.config.hyperparameters.until),
            ("training photos", first.dataset.fingerprint, other.config.dataset.fingerprint),
            ("validation photos", first.counts["validation"], other.config.counts["validation"]),
        ):
            if one != another:
                raise TrainingError(
                    f"Expected runs with the same {what}. Received: {one} in {runs[0].path}, "
                    f"{another} in {other.path}."
                )


def _facts(runs: Sequence[Run]) -> dict[str, object]:
    config = runs[0].config
    recipe = asdict(config.hyperparameters)
    others = [
        {name: value for name, value in asdict(one.config.hyperparameters).items() if value != recipe[name]}
        for one in runs[1:]
    ]
    exporters = {name: version(name) for name in ("tf2onnx", "onnx", "onnxruntime")}
    return {
        "crop": config.crop,
        "hyperparameters": recipe | ({OTHER_RUNS: others} if others else {}),
        "dataset": config.dataset,
        "tools": {**config.tools, **exporters},
    }


def typicality_of(finished: Run, data: Path | None) -> Typicality | None:
    """What a run's training photos are like; from those in a data folder if the run did not keep it."""
    if finished.typicality is not None or data is None:
        return finished.typicality
    recipe = finished.config.hyperparameters
    photos = read_dataset(data, recipe.validation_share, recipe.seed).split("train")
    say(f"measuring what {len(photos)} training photos are like")
    images = load(photos, recipe.size, finished.config.crop)
    maps = finished.base.predict(images, verbose=0)
    return Typicality.of(maps, np.array([photo.person for photo in photos]))


def heldout_photos(finished: Run, data: Path | None) -> HeldOut:
    """The validation photos kept with a run, or those of a data folder; raises TrainingError."""
    if data is None:
        return HeldOut.load(finished.path / HELD_OUT)
    recipe = finished.config.hyperparameters
    dataset = read_dataset(data, recipe.validation_share, recipe.seed)
    photos = dataset.split("validation")
    if not photos:
        raise TrainingError(f"Expected validation photos in {data}. Received: none.")
    remedy = " Leave out --data to use those kept with the run."
    dataset.check_training_photos(finished.config.dataset.fingerprint, remedy)
    ids = [label.id for label in finished.labels]
    dataset.check_classes(ids, photos)
    return HeldOut.of(photos, ids, recipe.size, finished.config.crop)


def _labels(known: tuple[Label, ...], path: Path | None) -> tuple[Label, ...]:
    """The run's labels, with what a CSV says about them."""
    if path is None:
        return known
    if not path.is_file():
        raise TrainingError(f"Expected a table of the classes (CSV) at {path}. There is none.")
    ids = {label.id for label in known}
    rows = {row["id"]: row for row in as_named(read_classes(path), "id", ids)}
    if set(rows) - ids:
        raise TrainingError(
            f"Expected the ids {sorted(ids)} in {path}. Received also: {sorted(set(rows) - ids)}"
        )
    return tuple(
        label.model_copy(
            update={key: text for key, text in rows.get(label.id, {}).items() if key in TOLD and text}
        )
        for label in known
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"Expected a text file (UTF-8) at {path}. It cannot be read: {error}") from None
