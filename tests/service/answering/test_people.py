import pytest

from service.answering.people import combine
from service.networks.metadata import BundleMetadata
from service.schemas import Box, Classification, RegionName
from tests.bundles import metadata

TUTORIALS = "https://example.org/?q={query}"
BOX = Box(left=0, top=0, width=9, height=9)


def document(typicality_bound: float | None = None) -> BundleMetadata:
    return BundleMetadata.model_validate(metadata(typicality_bound=typicality_bound))


def eye(
    region: RegionName, red: float, green: float, face: int | None = 0, typicality: float | None = None
) -> Classification:
    shares = {"red": red, "green": green, "blue": 1 - red - green}
    best = max(shares, key=shares.__getitem__)
    return Classification(
        region=region,
        face=face,
        box=BOX,
        label=best,
        title=best.title(),
        description="",
        tutorial_url=None,
        confidence=shares[best],
        certain=shares[best] >= 0.5,
        probabilities=shares,
        typicality=typicality,
    )


def test_both_eyes_have_the_same_say() -> None:
    (person,) = combine(document(), [eye("left_eye", 0.7, 0.2), eye("right_eye", 0.3, 0.6)], TUTORIALS)
    assert (person.face, person.regions, person.label) == (0, ["left_eye", "right_eye"], "red")
    assert person.probabilities == pytest.approx({"red": 0.5, "green": 0.4, "blue": 0.1})
    assert person.confidence == pytest.approx(0.5)
    assert person.tutorial_url == "https://example.org/?q=red+paint"


def test_eyes_that_contradict_each_other_are_not_certain() -> None:
    (person,) = combine(document(), [eye("left_eye", 0.9, 0.05), eye("right_eye", 0.05, 0.9)], TUTORIALS)
    assert not person.certain


def test_one_eye_speaks_for_the_person() -> None:
    (person,) = combine(document(), [eye("right_eye", 0.1, 0.8)], TUTORIALS)
    assert (person.regions, person.label, person.certain) == (["right_eye"], "green", True)


def test_an_untypical_eye_leaves_the_answer_to_the_other() -> None:
    eyes = [eye("left_eye", 0.8, 0.1, typicality=0.4), eye("right_eye", 0.0, 1.0, typicality=0.01)]
    (person,) = combine(document(typicality_bound=0.05), eyes, TUTORIALS)
    assert (person.regions, person.label, person.certain) == (["left_eye"], "red", True)


def test_untypical_eyes_alone_are_not_certain() -> None:
    eyes = [eye("left_eye", 1.0, 0.0, typicality=0.0), eye("right_eye", 1.0, 0.0, typicality=0.01)]
    (person,) = combine(document(typicality_bound=0.05), eyes, TUTORIALS)
    assert (person.label, person.certain, len(person.regions)) == ("red", False, 2)


def test_each_face_is_a_person_and_a_whole_picture_is_none() -> None:
    eyes = [eye("left_eye", 0.9, 0.0), eye("right_eye", 0.9, 0.0), eye("left_eye", 0.0, 0.9, face=1)]
    assert [person.label for person in combine(document(), eyes, TUTORIALS)] == ["red", "green"]
    assert combine(document(), [eye("whole", 0.9, 0.0, face=None)], TUTORIALS) == []
