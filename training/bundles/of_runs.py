"""What the network of one run, or of several that are averaged, tells `export`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from service.networks.metadata import Label
from training.bundles.exporting import Trained
from training.console import say
from training.data.folders import read_dataset
from training.data.photos import load
from training.network.assembly import average
from training.network.runs import Run
from training.network.typicality import Typicality


def trained(
    runs: Sequence[Run], labels: tuple[Label, ...], facts: Mapping[str, Any], data: Path | None
) -> Trained:
    """The networks of these runs as one; raises TrainingError where a file of them is damaged.

    `facts` are fields of BundleMetadata. What a run does not say of its training photos is measured on those
    in a data folder.
    """
    return Trained(average([run.network() for run in runs]), facts, labels, typicality_of(runs[0], data))


def typicality_of(run: Run, data: Path | None) -> Typicality | None:
    """What a run's training photos are like; from those in a data folder if the run did not keep it."""
    if run.typicality is not None or data is None:
        return run.typicality
    recipe = run.config.hyperparameters
    photos = read_dataset(data, recipe.validation_share, recipe.seed).split("train")
    say(f"measuring what {len(photos)} training photos are like")
    images = load(photos, recipe.size, run.config.crop)
    maps = run.base.predict(images, verbose=0)
    return Typicality.of(maps, np.array([photo.person for photo in photos]))
