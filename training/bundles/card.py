"""The model card of a bundle, made from its metadata (Mitchell et al., "Model Cards for Model Reporting")."""

from collections.abc import Mapping
from typing import Any, Final

from service.networks.metadata import BundleMetadata, NetworkFacts
from training.bundles.card_notes import chosen, ethics, intended_use, limits, people
from training.bundles.markdown import code, plain
from training.measuring.metrics import TOO_FEW
from training.network.calibration import doubt
from training.network.weight_files import CHANNELS
from training.wording import counted_by, photos_of

CARD_FILE: Final = "README.md"
_MAKING: Final = "## How it was made\n"


def model_card(metadata: BundleMetadata, notes: str = "") -> str:
    """Markdown for people who decide whether to use a model; `notes` is the author's own Markdown."""
    validation = metadata.metrics["validation"]
    sections = [
        f"# {metadata.name}, version {metadata.version}",
        metadata.description,
        intended_use(metadata),
        _classes(metadata, validation),
        _quality(metadata, validation),
        people(metadata),
        limits(metadata),
        ethics(metadata),
        notes.strip(),
        _training(metadata),
        f"## Licence\n\n{metadata.licence}",
        "This card is written by `python -m training export` from the metadata inside `model.onnx`.",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def notes_of(card: str, metadata: BundleMetadata) -> str | None:
    """The author's Markdown in a bundle's card; None where the card is not one of `model_card`."""
    _, before, rest = card.partition(f"{ethics(metadata)}\n\n")
    notes, after, _ = rest.rpartition(_MAKING)
    return notes.strip() if before and after else None


def _classes(metadata: BundleMetadata, validation: Mapping[str, Any]) -> str:
    rows = ["| class | what it is | photos | precision | recall | F1 |", "|---|---|---|---|---|---|"]
    for label in metadata.labels:
        scores = validation["classes"][label.id]
        numbers = " | ".join(_percent(scores[name]) for name in ("precision", "recall", "f1"))
        about = " - ".join(text for text in (label.title, label.description) if text)
        rows.append(f"| {code(label.id)} | {plain(about)} | {scores['support']} | {numbers} |")
    units = counted_by(validation["images"], validation["people"])
    return "\n".join(
        [
            "## Classes\n",
            f"Measured on {photos_of(validation['images'], validation['people'], 'validation photos')}; "
            f"in brackets the 95 % interval over {units} (whole {units} resampled).\n",
            *rows,
        ]
    )


def _quality(metadata: BundleMetadata, validation: Mapping[str, Any]) -> str:
    calibration = metadata.metrics["calibration"]
    units = counted_by(validation["images"], validation["people"])
    return "\n".join(
        [
            "## How good it is\n",
            f"- Accuracy {_percent(validation['accuracy'])}, "
            f"balanced accuracy {_percent(validation['balanced_accuracy'])}.",
            *_agreed(validation),
            f"- Calibration: temperature {calibration['temperature']:.3f}, expected calibration error "
            f"{validation['calibration_error']['value']:.1%}{_chance(validation)}. The temperature was "
            f"fitted on these same {units}; on {units} it was not fitted on the log-likelihood loss went "
            f"from {calibration['nll_before']:.3f} to {calibration['nll_after']:.3f}.",
            *([f"- {text}"] if (text := doubt(metadata.temperature)) else []),
            f"- Not sure: under a confidence of {metadata.threshold:.2f}.",
            *_typicality(metadata),
            *_certain(calibration),
            *_pruned(metadata),
            *_weights(metadata),
            f"- {chosen(metadata.hyperparameters)} on the {units} that these numbers are about: "
            f"expect new {units} to fare a little worse.",
        ]
    )


def _agreed(validation: Mapping[str, Any]) -> list[str]:
    """What is reached on the photos whose raters all gave the same class, where the author measured that."""
    groups = validation.get("groups", {})
    parts = [part for name, part in groups.items() if _number_in(name, "agreement") == 1]
    if len(parts) != 1:  # 1 and 1.0 in one table: neither part is all of these photos
        return []
    (part,) = parts
    return [
        f"- On the {photos_of(part['images'], part['people'])} whose raters all agreed: accuracy "
        f"{_percent(part['accuracy'])}, balanced accuracy {_percent(part['balanced_accuracy'])}."
    ]


def _number_in(group: str, column: str) -> float | None:
    """The number that a part of the photos has in this column, as `agreement=1.0` says; None for others."""
    name, _, value = group.partition("=")
    try:
        return float(value) if name == column else None
    except ValueError:
        return None


def _chance(validation: Mapping[str, Any]) -> str:
    found = validation.get("chance_calibration_error")
    if not found:
        return ""
    return f"; on as few photos, exact confidences would show {_percent(found)}"


def _typicality(metadata: BundleMetadata) -> list[str]:
    found = metadata.metrics.get("typicality")
    if not found:
        return []
    return [
        f"- Also not sure: whatever is less typical than {1 - found['bound']:.0%} of the training photos, by "
        f"its distance in the base's features. {found['refused']:.1%} of the validation photos are."
    ]


def _certain(calibration: Mapping[str, Any]) -> list[str]:
    right = calibration.get("accuracy_when_sure")
    if right is None:
        return ["- It is sure of none of the photos."]
    return [
        f"- It is sure of {calibration['coverage']:.1%} of the photos, and right on {right:.1%} of those."
    ]


def _weights(metadata: BundleMetadata) -> list[str]:
    """How near the file's answers are to those of the network it was made from."""
    if text := _arithmetic(metadata):
        return [text]
    if "pruning" in metadata.metrics:  # which says it already
        return []
    return [_stored(metadata.metrics["storage"], metadata.metrics["parity"])]


def _stored(storage: Mapping[str, Any], parity: Mapping[str, Any]) -> str:
    return (
        f"- Weights stored as {storage['storage']}: against the network as it was trained the largest "
        f"difference of a probability is {storage['largest_difference']:.4f}, and the answer is the same "
        f"for {storage['same_answer']:.1%} of {storage['images']} photos. Before that step the graph "
        f"agrees with Keras within {parity['largest_difference']:.1e} on {parity['images']} pictures."
    )


def _pruned(metadata: BundleMetadata) -> list[str]:
    """What it cost to take channels away; empty for a bundle with all of them."""
    found = metadata.metrics.get("pruning")
    if not found:
        return []
    whole, pruned = (found["multiply_adds"][name] / 1e9 for name in ("whole", "pruned"))
    return [
        f"- Pruned: channels that its photos do not need were taken away, and {pruned:.2f} of {whole:.2f} "
        f"billion multiply-adds are left. The whole network has an accuracy of "
        f"{_percent(found['whole']['accuracy'])}, balanced {_percent(found['whole']['balanced_accuracy'])}; "
        f"the answer is the same for {found['same_answer']:.1%} of {found['images']} photos."
    ]


def _arithmetic(metadata: BundleMetadata) -> str:
    """What int8 arithmetic costs; empty for a bundle that computes in float32."""
    found = metadata.metrics.get("quantization")
    if not found:
        return ""
    before = found["float32"]
    return (
        f"- Computes in int8: the same network in float32 has an accuracy of {_percent(before['accuracy'])}, "
        f"balanced {_percent(before['balanced_accuracy'])}. The answer is the same for "
        f"{found['same_answer']:.1%} of {found['images']} photos; the largest difference of a probability is "
        f"{found['largest_difference']:.4f}. Calibrated by {found['calibration']} on "
        f"{found['calibration_photos']} training photos; the weights are chosen so that CPUs without VNNI "
        "give the same answers."
    )


def _network(metadata: BundleMetadata) -> list[str]:
    facts = metadata.network
    if facts is None:
        return []
    base = f"{_base(facts)} up to `{facts.until}` and a head" if facts.until else "not built on VGG16"
    return [
        f"- Network: {base}; {facts.multiply_adds / 1e9:.2f} billion multiply-adds for a picture, "
        f"{facts.parameters / 1e6:.1f} million parameters."
    ]


def _base(facts: NetworkFacts) -> str:
    whole = CHANNELS[: len(facts.channels or ())]
    if facts.channels is None or facts.channels == whole:
        return "VGG16"
    kept, all_of_them = (", ".join(map(str, channels)) for channels in (facts.channels, whole))
    return f"a thinned VGG16 ({kept} channels instead of {all_of_them})"


def _training(metadata: BundleMetadata) -> str:
    facts = metadata.dataset
    rows = [f"| {name} | {_words(value)} |" for name, value in metadata.hyperparameters.items()]
    tools = ", ".join(f"{name} {version}" for name, version in metadata.tools.items())
    crop = metadata.crop
    looks = (
        f"A square of {crop.scale:g} eye widths, the eye's centre at {crop.centre:.0%} of its height."
        if crop
        else "The largest central square of a picture."
    )
    return "\n".join(
        [
            _MAKING,
            *_network(metadata),
            f"- Data: {photos_of(facts.images, facts.people, 'training photos')}; "
            f"fingerprint `{facts.fingerprint}`.",
            f"- What it looks at: {looks}",
            f"- Made with {tools}.",
            "\n| hyperparameter | value |",
            "|---|---|",
            *rows,
        ]
    )


def _words(value: Any) -> str:
    """A hyperparameter, or in what those of further runs differ, for people."""
    if not isinstance(value, list):
        return str(value)
    runs = (", ".join(f"{name} {one}" for name, one in run.items()) or "the same again" for run in value)
    return "; ".join(runs)


def _percent(estimate: Mapping[str, float | None]) -> str:
    value, low, high = (estimate[key] for key in ("value", "low", "high"))
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{value:.1%} ({TOO_FEW})"
    return f"{value:.1%} ({low:.1%} to {high:.1%})"
