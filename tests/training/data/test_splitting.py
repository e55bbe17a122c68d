from dataclasses import replace
from pathlib import Path

import pytest

from training.data.dataset import Photo
from training.data.splitting import by_people, groups, split_people


def photos(label: str, people: int, each: int = 1) -> list[Photo]:
    return [
        Photo(
            Path(label, f"{person}-{index}.png"),
            label,
            "train",
            f"{label}{person}",
            digest=f"{label}{person}{index}",
        )
        for person in range(people)
        for index in range(each)
    ]


def chosen(items: list[Photo]) -> set[str]:
    return {photo.person for photo in items if photo.split == "validation"}


def test_nobody_is_on_both_sides_and_classes_keep_their_share() -> None:
    items = split_people(photos("a", 50, each=2) + photos("b", 10, each=2), 0.2, seed=1)
    train = {photo.person for photo in items if photo.split == "train"}
    assert not train & chosen(items)
    assert len([person for person in chosen(items) if person.startswith("a")]) == 10
    assert len([person for person in chosen(items) if person.startswith("b")]) == 2


def test_where_nobody_says_what_was_cut_a_split_stays_what_it_was() -> None:
    """A bundle is pruned and quantized with the split that it was trained on, by whatever version."""
    items = photos("a", 20, each=2) + photos("b", 10, each=3)
    for attributes in ({}, {"eye": "left", "source": "home", "photo": ""}):
        told = [replace(photo, attributes=attributes) for photo in items]
        assert sorted(chosen(split_people(told, 0.2, seed=1))) == ["a10", "a14", "a19", "a5", "b0", "b1"]


@pytest.mark.parametrize("column", ["photo", "source_file"])
def test_what_was_cut_from_one_photo_stays_together(column: str) -> None:
    faces = [
        replace(photo, attributes={column: f"party {number // 3}"})
        for number, photo in enumerate(photos("a", 30))
    ]
    sides: dict[str, set[str]] = {}
    for photo in split_people(faces, 0.3, seed=1):
        sides.setdefault(photo.attributes[column], set()).add(photo.split)
    assert len(sides) == 10 and all(len(found) == 1 for found in sides.values())
    assert len(chosen(split_people(faces, 0.3, seed=1))) == 9
    assert [len(group) for group in by_people(faces)] == [1] * 30


def test_seed_decides() -> None:
    items = photos("a", 50)
    assert chosen(split_people(items, 0.2, seed=1)) == chosen(split_people(items[::-1], 0.2, seed=1))
    assert chosen(split_people(items, 0.2, seed=1)) != chosen(split_people(items, 0.2, seed=2))


def test_small_classes_get_one_person_and_a_single_person_stays_in_training() -> None:
    items = split_people(photos("a", 2) + photos("b", 1, each=5), 0.1, seed=1)
    assert [person[0] for person in chosen(items)] == ["a"]


def test_whoever_is_the_last_with_photos_of_a_class_stays_in_training() -> None:
    rare = [replace(photo, person=f"a{person}") for person, photo in enumerate(photos("rare", 2, each=1))]
    items = photos("a", 10, each=4) + photos("b", 10, each=4) + rare
    sides = set()
    for seed in range(50):
        found = {photo.split for photo in split_people(items, 0.4, seed) if photo.label == "rare"}
        assert "train" in found
        sides.add(len(found))
    assert sides == {1, 2}


def test_nobody_goes_whose_photos_are_the_last_of_a_class() -> None:
    """Both have too many photos of `a` for the share, and each a class of their own beside it."""
    first, second = (
        [replace(photo, person=f"a{person}") for photo in photos(label, 1)]
        for person, label in enumerate(("b", "c"))
    )
    assert not chosen(split_people(photos("a", 2, each=4) + first + second, 0.1, seed=1))
    assert chosen(split_people(photos("a", 2, each=4) + first, 0.1, seed=1)) == {"a1"}


def test_copies_under_two_names_stay_together() -> None:
    twins = [Photo(Path(f"{i}.png"), "a", "train", f"p{i}", digest=f"d{i // 2}") for i in range(20)]
    items = split_people(twins, 0.3, seed=3)
    by_digest: dict[str, set[str]] = {}
    for photo in items:
        by_digest.setdefault(photo.digest, set()).add(photo.split)
    assert all(len(splits) == 1 for splits in by_digest.values())
    assert len(chosen(items)) == 6


def test_somebody_with_most_of_the_photos_stays_in_training() -> None:
    items = photos("a", 10) + [
        Photo(Path("a", f"many-{index}.png"), "a", "train", "many", digest=f"many{index}")
        for index in range(90)
    ]
    for seed in range(20):
        assert chosen(split_people(items, 0.2, seed)) <= {f"a{person}" for person in range(10)}


def test_whoever_has_fewest_is_set_aside_where_everybody_has_too_many() -> None:
    few, many = photos("a", 1), [replace(photo, person="b0") for photo in photos("a", 101)[1:]]
    for seed in range(20):
        assert chosen(split_people(few + many, 0.2, seed)) == {"a0"}


def test_who_shares_photos_through_others_is_one_group_in_whatever_order() -> None:
    """Each of 200 people has a photo that is the next one's too."""
    names = [(f"person {i // 2}", f"digest {(i + 1) // 2}") for i in range(400)]
    chain = [
        Photo(Path(f"{i}.png"), "a", "train", person, digest=digest)
        for i, (person, digest) in enumerate(names)
    ]
    alone = Photo(Path("alone.png"), "a", "train", "alone", digest="alone")
    for order in (chain, chain[::-1], chain[::2] + chain[1::2]):
        assert sorted(len(group) for group in groups([*order, alone])) == [1, 400]
