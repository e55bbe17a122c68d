"""Close-ups of one eye: what `region=auto` makes of crops that show more than the network was trained on.

    python -m benchmarks.closeups --data DATA

DATA is a folder that `training fit` takes, with photos in the `wide` geometry (2.0 eye widths). Each
validation photo is classified as the service would be asked: the exact cut that the network was trained on,
the whole picture, and what `auto` cuts out; then once more from a file that shows the exact cut and no more.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import machine
from service.answering import targets
from service.locator.document import newest_locator
from service.locator.eyes import EyeLocator
from service.networks import folders
from service.networks.classifier import Classifier
from service.networks.metadata import CropGeometry
from service.pictures.geometry import RGB, Square, cut, dimensions
from service.pictures.images import decode
from training.console import progress, say
from training.data.dataset import Photo
from training.data.photos import square
from training.measuring.models import Model

Look = Callable[[RGB], tuple[RGB, Square] | None]
"""From a picture to the picture that is cut and its square; None where no eye is found."""


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--model", default="eye-shape")
    parser.add_argument("--limit", type=int, default=10_000, help="photos, drawn at random")
    options = parser.parse_args()
    path = folders.newest(options.models, options.model)
    classifier, model = Classifier(path / folders.MODEL_FILE), Model.open(path)
    folder = newest_locator(options.models / "eye-locator")
    assert folder is not None, f"Expected the eye locator in {options.models}."
    locator = EyeLocator(folder)
    measure(wide_photos(model, options.data, options.limit), classifier, locator)


def wide_photos(model: Model, data: Path, limit: int) -> list[Photo]:
    """At most `limit` validation photos of the model in the `wide` geometry, drawn by chance."""
    photos = [photo for photo in model.read(data).split("validation") if photo.geometry == "wide"]
    chosen = np.random.default_rng(0).permutation(len(photos))[:limit]
    return [photos[index] for index in chosen]


def measure(photos: list[Photo], classifier: Classifier, locator: EyeLocator) -> None:
    """Classify every photo in five ways and print how often each is right."""
    crop = classifier.metadata.crop
    if crop is None:
        raise SystemExit("Expected a model that looks at eyes.")
    ids = [label.id for label in classifier.metadata.labels]
    answers: dict[str, list[int | None]] = {}
    regions: Counter[str] = Counter()
    for photo in progress(photos, "close-ups"):
        wide = decode(photo.path.read_bytes()).pixels
        exact = square(photo, *dimensions(wide), crop)
        tight = cut(wide, exact, round(exact.side))
        looks = {
            "exact cut": (wide, exact),
            "whole picture": (wide, Square.central(*dimensions(wide))),
            "auto": (wide, auto(wide, locator, crop, regions, "2.0 widths")),
            "exact cut as a file, whole": (tight, Square.central(*dimensions(tight))),
            "exact cut as a file, auto": (tight, auto(tight, locator, crop, regions, "exact cut")),
        }
        for name, (picture, looked_at) in looks.items():
            answer = None
            if looked_at is not None:
                pixels = cut(picture, looked_at, classifier.input_size)
                answer = int(classifier.probabilities(pixels[None])[0].argmax())
            answers.setdefault(name, []).append(answer)
    report(answers, [ids.index(photo.label) for photo in photos], regions)


def auto(
    picture: RGB, locator: EyeLocator, crop: CropGeometry, regions: Counter[str], kind: str
) -> Square | None:
    """The first square that the service would classify; counts what it was."""
    found = targets.find(picture, locator, crop, "auto", every_face=False)
    if found is None or not found.targets:
        regions[f"{kind}: {'no eye' if found is None else 'hidden or closed'}"] += 1
        return None
    target = found.targets[0]
    is_whole = target.square == Square.central(*dimensions(picture))
    how = target.region if target.face is not None else ("whole" if is_whole else "eye cut out")
    regions[f"{kind}: {'eye of a face' if target.face is not None else how}"] += 1
    return target.square


def report(answers: dict[str, list[int | None]], truth: list[int], regions: Counter[str]) -> None:
    """Print accuracy over all photos, where no answer counts as wrong, and what `auto` found."""
    say(f"{len(truth)} photos; {machine.describe('onnxruntime')}")
    say()
    say("| looked at | answered | right | balanced |")
    say("|---|---|---|---|")
    for name, given in answers.items():
        right = np.array([answer == label for answer, label in zip(given, truth, strict=True)])
        answered = np.mean([answer is not None for answer in given])
        balanced = np.mean([right[np.array(truth) == label].mean() for label in sorted(set(truth))])
        say(f"| {name} | {answered:.1%} | {right.mean():.1%} | {balanced:.1%} |")
    say()
    for kind, count in sorted(regions.items()):
        say(f"- {kind}: {count}")


if __name__ == "__main__":
    main()
