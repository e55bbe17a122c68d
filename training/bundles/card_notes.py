"""The parts of a model card that tell people what a model is for, and what it is not for."""

from collections.abc import Mapping
from typing import Any, Final

from service.networks.metadata import BundleMetadata
from training.bundles.markdown import code, plain
from training.hyperparameters import each_run
from training.wording import photos_of

FEW: Final = 50
"""Validation photos of a class, under which its numbers are called uncertain."""
NEARLY_ALL: Final = 0.995
"""A share from which whole per cent would say 100."""


def chosen(recipe: Mapping[str, Any]) -> str:
    """What the validation people decided, so that their numbers flatter a model of this recipe."""
    if all(one.get("best") == "last" for one in each_run(recipe)):
        return "Only the temperature and the threshold were chosen"
    return "The best epoch, the temperature and the threshold were all chosen"


def intended_use(metadata: BundleMetadata) -> str:
    """What the model can be asked, and about which pictures."""
    titles = [plain(label.title or label.id) for label in metadata.labels]
    looks = (
        "a photo of one open eye, cut around its corners (the service finds the eyes of a face by itself)"
        if metadata.crop
        else "a photo like those it was trained on"
    )
    return "\n".join(
        [
            "## Intended use\n",
            f"- Given {looks}, it says which of {len(titles)} classes fits best: {', '.join(titles)}.",
            "- Meant for suggestions that a person sees and may overrule, with the confidence beside them.",
            "- It knows no other classes: a picture of anything else gets one of these answers, or "
            f'"not sure" under a confidence of {metadata.threshold:.2f}.',
        ]
    )


def people(metadata: BundleMetadata) -> str:
    """Whose photos the model has learned from and was measured on."""
    validation, facts = metadata.metrics["validation"], metadata.dataset
    return "\n".join(
        [
            "## People in the data\n",
            f"- Trained on {photos_of(facts.images, facts.people)}; measured on "
            f"{photos_of(validation['images'], validation['people'], whom='others')}.",
            "- Nobody is on both sides, as far as the data name people; where they do not, every photo "
            "counts as a person of its own.",
            "- Age, sex, skin and origin of the people were not recorded: how the model differs between such "
            "groups is not known, unless the author says so below.",
        ]
    )


def limits(metadata: BundleMetadata) -> str:
    """Where the model is weak, from its own numbers."""
    validation = metadata.metrics["validation"]
    classes: Mapping[str, Any] = validation["classes"]
    found = {
        name: one["recall"]["value"] for name, one in classes.items() if one["recall"]["value"] is not None
    }
    lines = []
    if found:
        lines.append(_weakest(metadata, *min(found.items(), key=lambda item: item[1])))
    few = [f"{code(name)} ({one['support']})" for name, one in classes.items() if one["support"] < FEW]
    if few:
        lines.append(f"- Few validation photos of {', '.join(few)}: these numbers are uncertain.")
    weak = _weak_parts(validation)
    lines += [f"- Less often right than elsewhere: {weak}."] if weak else []
    lines.append(
        "- Measured on photos of the same collections as it was trained on; other cameras, light and people "
        "can give other numbers. `python -m training report` shows what blur, noise, darkness, compression "
        "and badly placed crops cost."
    )
    return "\n".join(["## Limits\n", *lines])


def ethics(metadata: BundleMetadata) -> str:
    """What nobody should do with the answers."""
    about = (
        "- The shape of an eye is no statement about origin, ethnicity, health or character."
        if metadata.crop
        else "- Where pictures show people, a class is no statement about their origin, health or character."
    )
    return "\n".join(
        [
            "## Ethical notes\n",
            about,
            "- Not for identifying or tracking people, and not for decisions about a person.",
            "- Ask the people in a photo before you classify it; the service keeps no photo.",
        ]
    )


def _weakest(metadata: BundleMetadata, label: str, recall: float) -> str:
    if recall == 1:
        return "- It finds every one of these photos, which does not tell where it is weak."
    found = f"{recall:.0%}" if recall < NEARLY_ALL else f"{recall:.1%}"
    return f"- Weakest on {code(label)}: it finds {found} of these photos.{_confusion(metadata, label)}"


def _confusion(metadata: BundleMetadata, label: str) -> str:
    """What a class is most often taken for."""
    names = [one.id for one in metadata.labels]
    matrix = metadata.metrics["validation"].get("confusion")
    if matrix is None or label not in names:
        return ""
    row = matrix[names.index(label)]
    others = [(count, name) for count, name in zip(row, names, strict=True) if name != label and count]
    if not others:
        return ""
    count, other = max(others)
    return f" {count} of {sum(row)} are taken for {code(other)}."


def _weak_parts(validation: Mapping[str, Any]) -> str:
    """Measured parts of the photos whose interval ends below the accuracy of all."""
    overall = validation["accuracy"]["value"]
    weak = [
        f"{plain(name)} ({part['accuracy']['value']:.0%} of {part['images']} photos)"
        for name, part in validation.get("groups", {}).items()
        if part["accuracy"]["high"] is not None and part["accuracy"]["high"] < overall
    ]
    return ", ".join(weak)
