"""Troubles change photos as they say, and the same way every time."""

from dataclasses import replace

import numpy as np
import pytest

from training.measuring.models import Model
from training.network.calibration import softmax
from training.reporting.groups import groups
from training.reporting.robustness import TROUBLES, Trouble, blur, chosen, curves, shift
from training.reporting.subject import Subject


def brightness_model() -> Model:
    """Says `bright` for a mean over 64, and is the surer the farther from it."""

    def logits(images: np.ndarray) -> np.ndarray:
        bright = (images.mean(axis=(1, 2, 3)) - 64) / 20
        return np.stack([bright, 0 * bright], axis=1).astype(np.float32)

    def probabilities(images: np.ndarray) -> np.ndarray:
        return softmax(logits(images))

    def typical(images: np.ndarray) -> np.ndarray:
        return np.ones(len(images), dtype=np.bool_)

    return Model("light 1", ("bright", "dark"), 16, None, "0" * 64, None, {}, probabilities, logits, typical)


def subject(count: int = 24) -> Subject:
    """Bright photos by `studio` and dark ones by `phone`; the phone's are labelled wrongly."""
    rng = np.random.default_rng(0)
    labels = np.zeros(count, dtype=np.int64)
    level = np.where(np.arange(count) % 3, 150, 30)
    photos = (level[:, None, None, None] + rng.integers(0, 40, (count, 24, 24, 3))).astype(np.uint8)
    model = brightness_model()
    return Subject(
        model=model,
        split="validation",
        images=photos[:, 4:20, 4:20],
        surroundings=photos,
        margin=4,
        labels=labels,
        people=np.array([f"p{number}" for number in range(count)]),
        files=[f"{number}.png" for number in range(count)],
        attributes=[
            {
                "source": "studio" if number % 3 else "phone",
                "name": f"photo {number}",
                "width": str(number),
                "votes": "1.0" if number % 2 else str(number / 100),
            }
            for number in range(count)
        ],
        logits=model.logits(photos[:, 4:20, 4:20]),
        temperature=1.0,
        threshold=0.6,
        typical=np.ones(count, dtype=np.bool_),
    )


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_more_trouble_changes_more(trouble: Trouble) -> None:
    rng = np.random.default_rng(1)
    photo = np.kron(rng.integers(0, 255, (12, 12, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    mild, severe = (
        trouble.change(photo, trouble.levels[index], np.random.default_rng(2)) for index in (0, -1)
    )
    assert mild.shape == photo.shape
    assert mild.dtype == np.uint8
    changes = [np.abs(changed.astype(float) - photo).mean() for changed in (mild, severe)]
    assert 0 < changes[0] < changes[1]
    again = trouble.change(photo, trouble.levels[-1], np.random.default_rng(2))
    np.testing.assert_array_equal(again, severe)


def test_blur_and_shift_are_shares_of_what_the_network_sees() -> None:
    """A line in the middle of 150 pixels, of which the network sees 100."""
    photo = np.zeros((150, 150, 3), dtype=np.uint8)
    photo[:, 75] = 255
    columns = np.arange(150)
    blurred = blur(photo, 4, np.random.default_rng(0))[75, :, 0].astype(float)
    assert np.sqrt(np.average((columns - 75) ** 2, weights=blurred)) == pytest.approx(4, abs=0.3)
    photo[75] = 255
    shifted = shift(photo, 20, np.random.default_rng(0))[..., 0]
    across, down = (int(shifted.mean(axis=axis).argmax()) - 75 for axis in (0, 1))
    assert np.hypot(across, down) == pytest.approx(20, abs=1)


def test_photos_are_spread_over_the_classes() -> None:
    labels = np.array([0] * 50 + [1] * 3)
    rows = chosen(labels, 8)
    assert np.bincount(labels[rows]).tolist() == [5, 3]
    assert len(chosen(labels, 1000)) == 53


def test_curves_begin_with_the_untouched_photo() -> None:
    darkness = next(trouble for trouble in TROUBLES if trouble.name == "darkness")
    (curve,) = curves(subject(), 24, [darkness])
    assert curve.accuracy[0] == pytest.approx(2 / 3)
    assert curve.accuracy[-1] == 0
    assert len(curve.levels) == len(curve.accuracy) == len(darkness.levels) + 1


def test_parts_are_measured_by_every_useful_column() -> None:
    found = {group.name: group for group in groups(subject())}
    assert "name" not in found
    assert {part.name: part.accuracy.value for part in found["source"].parts} == {"phone": 0, "studio": 1}
    assert [part.images for part in found["width"].parts] == [6, 6, 6, 6]
    assert found["width"].parts[0].name.startswith("lowest quarter")
    assert found["source"].gap == 1
    assert [(part.name, part.images) for part in found["votes"].parts] == [("less than 1", 12), ("1", 12)]
    assert "brightness" in found


def test_a_column_named_like_a_measured_property_or_another_column_is_a_group_of_its_own() -> None:
    given = subject()
    attributes = [
        {"brightness": "low" if number % 3 else "high", "eye_side": side, "eye side": side}
        for number, side in enumerate(["left", "right"] * (len(given.files) // 2))
    ]
    found = groups(replace(given, attributes=attributes))
    names = [group.name for group in found]
    assert sorted(names) == ["brightness", "brightness (measured)", "eye side", "eye_side", "sharpness"]
    parts = {group.name: [part.name for part in group.parts] for group in found}
    assert parts["brightness"] == ["high", "low"]
    assert parts["brightness (measured)"][0].startswith("lowest quarter")
