"""`python -m training export`: a run becomes a bundle that the service can serve."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Final, get_args

from service.networks.metadata import Label
from training.bundles.bundling import LICENCE, Target, say_written
from training.commands.outputs import check_outside
from training.data.csv_tables import as_named, read_classes
from training.data.folders import read_dataset
from training.errors import TrainingError
from training.graph.parity import ParityError
from training.graph.storage import Storage
from training.hyperparameters import OTHER_RUNS
from training.measuring.heldout import HeldOut
from training.network.run_folders import HELD_OUT, RunConfig, read_finished

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
    configs = [read_finished(path) for path in options.run]
    check_alike(options.run, configs)
    config = configs[0]
    heldout = heldout_photos(options.run[0], config, options.data)
    labels = _labels(config.labels, options.classes)
    notes = _read(options.card_notes) if options.card_notes else ""
    # Only now, as they import TensorFlow, which takes seconds.
    from training.bundles.exporting import Options, export
    from training.bundles.of_runs import trained
    from training.network.runs import Run

    runs = [Run(path, config) for path, config in zip(options.run, configs, strict=True)]
    learned = trained(runs, labels, _facts(configs), options.data)
    chosen = Options(
        storage=options.storage,
        golden=options.golden,
        description=options.description,
        notes=notes,
        licence=options.licence,
        by=options.by,
    )
    try:
        metadata = export(learned, heldout, target, chosen)
    except ParityError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    say_written(options.to, metadata)
    return 0


def check_alike(paths: Sequence[Path], configs: Sequence[RunConfig]) -> None:
    """Raise TrainingError unless runs have learned the same classes from the same view of the same photos.

    They also have to end at the same block: evidence is averaged place by place.
    """
    first = configs[0]
    for path, other in zip(paths[1:], configs[1:], strict=True):
        for what, one, another in (
            ("classes", [label.id for label in first.labels], [label.id for label in other.labels]),
            ("crop", first.crop, other.crop),
            ("size", first.hyperparameters.size, other.hyperparameters.size),
            ("last block", first.hyperparameters.until, other.hyperparameters.until),
            ("training photos", first.dataset.fingerprint, other.dataset.fingerprint),
            ("validation photos", first.counts["validation"], other.counts["validation"]),
        ):
            if one != another:
                raise TrainingError(
                    f"Expected runs with the same {what}. Received: {one} in {paths[0]}, {another} in {path}."
                )


def _facts(configs: Sequence[RunConfig]) -> dict[str, object]:
    config = configs[0]
    recipe = asdict(config.hyperparameters)
    others = [
        {name: value for name, value in asdict(one.hyperparameters).items() if value != recipe[name]}
        for one in configs[1:]
    ]
    exporters = {name: version(name) for name in ("tf2onnx", "onnx", "onnxruntime")}
    return {
        "crop": config.crop,
        "hyperparameters": recipe | ({OTHER_RUNS: others} if others else {}),
        "dataset": config.dataset,
        "tools": {**config.tools, **exporters},
    }


def heldout_photos(run: Path, config: RunConfig, data: Path | None) -> HeldOut:
    """The validation photos kept with a run, or those of a data folder; raises TrainingError."""
    if data is None:
        return HeldOut.load(run / HELD_OUT)
    recipe = config.hyperparameters
    dataset = read_dataset(data, recipe.validation_share, recipe.seed)
    photos = dataset.split("validation")
    if not photos:
        raise TrainingError(f"Expected validation photos in {data}. Received: none.")
    remedy = " Leave out --data to use those kept with the run."
    dataset.check_training_photos(config.dataset.fingerprint, remedy)
    ids = [label.id for label in config.labels]
    dataset.check_classes(ids, photos)
    return HeldOut.of(photos, ids, recipe.size, config.crop)


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
