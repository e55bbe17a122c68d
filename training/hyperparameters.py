"""Every choice of a training run in one place, each an option of `python -m training fit`."""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from service.networks.metadata import CropGeometry
from training.errors import TrainingError

OTHER_RUNS: Final = "averaged_with"
"""In a bundle of several runs, beside the hyperparameters of the first: what differs in the others."""

LARGEST_SEED: Final = 2**31 - 1
"""Within what NumPy, scikit-learn and Keras all take."""


def _option(
    default: Any,
    text: str,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] | None = None,
) -> Any:
    return dataclasses.field(
        default=default, metadata={"text": text, "low": low, "high": high, "choices": choices}
    )


@dataclass(frozen=True)
class HyperParameters:
    """The recipe of one run; raises TrainingError for a value out of its range."""

    size: int = _option(160, "side of the network's input in pixels", low=32, high=1024)
    crop_scale: float = _option(1.2, "side of the crop in eye widths (eye photos only)", low=0.6, high=2.0)
    crop_centre: float = _option(0.5, "share of the crop above the eye's middle", low=0.0, high=1.0)
    head: str = _option(
        "original",
        "original: flatten, dense ReLU, dropout, softmax; gap: global average, dropout, softmax; "
        "conv: three small convolutions, then a softmax over their whole map",
        choices=("original", "gap", "conv"),
    )
    heads: int = _option(
        1, "heads trained side by side on the same features and averaged (head conv)", low=1, high=16
    )
    until: str = _option(
        "block5", "the last block of VGG16 that is used", choices=("block3", "block4", "block5")
    )
    hidden: int = _option(
        256,
        "units of the dense layer (head original), channels of the convolutions (head conv)",
        low=1,
        high=8192,
    )
    dropout: float = _option(0.5, "share of the units dropped in training", low=0.0, high=0.95)
    epochs: int = _option(
        50,
        "passes over the training photos with the base locked; with fine_tune_from start, all passes",
        low=1,
        high=10_000,
    )
    batch: int = _option(16, "photos per step", low=1, high=1024)
    learning_rate: float = _option(1e-4, "Adam's step size for the head", low=1e-9, high=1.0)
    schedule: str = _option(
        "constant",
        "the step size over a stage: constant, or falling to 0 along a cosine",
        choices=("constant", "cosine"),
    )
    soft_labels: str = _option(
        "none",
        "agreement: a label counts for the share of raters who agreed (column agreement of labels.csv), "
        "the other classes share the rest",
        choices=("none", "agreement"),
    )
    label_smoothing: float = _option(0.0, "share of the truth spread over all classes", low=0.0, high=0.5)
    class_weights: str = _option(
        "balanced",
        "balanced: every class counts the same however many photos it has; none: every photo counts alike; "
        "logits: as none, with each class's share added to its logit in training (Menon et al. 2021)",
        choices=("balanced", "none", "logits"),
    )
    logit_shares: float = _option(
        1.0,
        "with class_weights logits: 1 makes every class count the same, 0 every photo; in between, rare "
        "classes are found a little less often and common ones more",
        low=0.0,
        high=2.0,
    )
    augment: int = _option(
        0,
        "augmented versions of each training photo (flipped, shifted, turned, other light); each epoch shows "
        "one version of each photo, and all of them before one again; 0 trains on the photos as they are",
        low=0,
        high=100,
    )
    variation: str = _option(
        "mild",
        "how far augmented versions differ; strong adds noise, JPEG, low resolution and a covered lower edge",
        choices=("mild", "strong"),
    )
    unfreeze: str = _option(
        "none", "train the base from this block on too", choices=("none", "block5", "block4", "block3")
    )
    fine_tune_from: str = _option(
        "head",
        "when the unlocked part of the base begins to learn: after the head, or from the start, beside it",
        choices=("head", "start"),
    )
    fine_tune_epochs: int = _option(
        10,
        "with fine_tune_from head: passes with a part of the base unlocked, after those of the head",
        low=1,
        high=10_000,
    )
    fine_tune_rate: float = _option(
        1e-5,
        "Adam's step size for the unlocked part of the base; with fine_tune_from head also for the head then",
        low=0,
        high=1,
    )
    best: str = _option(
        "loss",
        "the epoch that is kept: the smallest loss or the largest balanced accuracy on validation, or the "
        "last, which leaves the validation photos out of the choice",
        choices=("loss", "balanced_accuracy", "last"),
    )
    validation_share: float = _option(
        0.2, "share of the people kept for validation where the data are not split", low=0.01, high=0.9
    )
    seed: int = _option(1, "start of all random numbers", low=0, high=LARGEST_SEED)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check(field, getattr(self, field.name))
        if self.unfreeze == "none" and self.fine_tune_from == "start":
            raise TrainingError("Expected --unfreeze with --fine-tune-from start. Received: none.")
        if self.unfreeze != "none" and self.unfreeze > self.until:
            raise TrainingError(
                f"Expected unfreeze up to {self.until}, the last block used. Received: {self.unfreeze}"
            )

    def check_effects(self) -> None:
        """Raise TrainingError for a choice without effect; not asked of runs that were made with one."""
        unlocked = self.unfreeze != "none"
        conditions = (
            ("heads", self.head == "conv", "--head conv", self.head),
            ("hidden", self.head != "gap", "--head original or conv", self.head),
            ("variation", self.augment > 0, "--augment", "none"),
            ("logit_shares", self.class_weights == "logits", "--class-weights logits", self.class_weights),
            ("fine_tune_rate", unlocked, "--unfreeze", "none"),
            ("fine_tune_epochs", unlocked, "--unfreeze", "none"),
            ("fine_tune_epochs", not self.at_once, "--fine-tune-from head", self.fine_tune_from),
        )
        for name, has_effect, needed, received in conditions:
            value = getattr(self, name)
            if not has_effect and value != getattr(type(self), name):  # the default asks for nothing
                option = f"{_flag(name)} {value}"
                raise TrainingError(f"Expected {needed} with {option}. Received: {received}.")

    @property
    def at_once(self) -> bool:
        """Whether head and base learn in one stage."""
        return self.fine_tune_from == "start"

    @property
    def passes(self) -> int:
        """Epochs of all stages together."""
        return self.epochs + (0 if self.unfreeze == "none" or self.at_once else self.fine_tune_epochs)

    @property
    def crop(self) -> CropGeometry:
        """What the network sees of a photo of an eye."""
        return CropGeometry(scale=self.crop_scale, centre=self.crop_centre)

    @property
    def cut(self) -> str:
        """The last layer of the base that stays locked for the whole run; its output is cached."""
        return self.end if self.unfreeze == "none" else f"block{int(self.unfreeze[-1]) - 1}_pool"

    @property
    def end(self) -> str:
        """The last layer of the base."""
        return f"{self.until}_pool"

    @classmethod
    def add_options(cls, parser: argparse.ArgumentParser, **decided: str) -> None:
        """One option per field, with its meaning and default; none for what is `decided` already."""
        parser.set_defaults(**decided)
        group = parser.add_argument_group("hyperparameters")
        for field in (field for field in dataclasses.fields(cls) if field.name not in decided):
            group.add_argument(
                _flag(field.name),
                type=type(field.default),
                default=field.default,
                choices=field.metadata["choices"],
                metavar=None if field.metadata["choices"] else "N",
                help=f"{field.metadata['text']} (default: {field.default})",
            )

    @classmethod
    def from_options(cls, options: argparse.Namespace) -> Self:
        """Read the fields from parsed options; raises TrainingError for a value out of range."""
        return cls(**{field.name: getattr(options, field.name) for field in dataclasses.fields(cls)})


def recipes_of(document: Mapping[str, Any]) -> list[HyperParameters]:
    """The recipes of the runs in a bundle, from the hyperparameters in its metadata."""
    return [HyperParameters(**one) for one in each_run(document)]


def each_run(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same as they are written, of which later versions may know more or less."""
    first = {name: value for name, value in document.items() if name != OTHER_RUNS}
    return [first | changes for changes in ({}, *document.get(OTHER_RUNS, ()))]


def _flag(name: str) -> str:
    """The option of a field."""
    return f"--{name.replace('_', '-')}"


def _check(field: dataclasses.Field[Any], value: Any) -> None:
    name, limits = field.name, field.metadata
    if limits["choices"]:
        if value not in limits["choices"]:
            raise TrainingError(f"Expected {name} as one of {limits['choices']}. Received: {value!r}")
    elif not limits["low"] <= value <= limits["high"]:
        raise TrainingError(f"Expected {name} from {limits['low']} to {limits['high']}. Received: {value}")
