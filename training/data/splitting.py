"""Set people aside: a seeded split in which nobody is on both sides and every class keeps its share."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from training.data.dataset import Photo
from training.data.grouping import by_key, linked
from training.data.origins import origin


def split_people(photos: Sequence[Photo], share: float, seed: int) -> list[Photo]:
    """Mark about `share` of each class's photos as `validation`, whole people at a time.

    Photos that are the same byte for byte, or cut from one photo, stay together too. Everyone belongs to the
    class of most of their photos. Whoever is the last in training with photos of a class stays there, so that
    no class is lost. Photos of the split `test` are left alone.
    """
    train = [photo for photo in photos if photo.split == "train"]
    together = groups(train)
    classes: dict[str, list[list[Photo]]] = defaultdict(list)
    for group in together:
        label, _ = max(sorted(Counter(photo.label for photo in group).items()), key=lambda item: item[1])
        classes[label].append(group)
    left = people_of_each(together)
    chosen: set[str] = set()
    for label in sorted(classes):
        chosen |= {str(photo.path) for photo in _choose(classes[label], share, seed, left)}
    return [replace(photo, split="validation") if str(photo.path) in chosen else photo for photo in photos]


def groups(photos: Sequence[Photo]) -> list[list[Photo]]:
    """Photos that belong on one side: they share a person, their bytes, or the photo that they were cut from.

    Directly, or through others.
    """
    return _joined(photos, [*_same_people(photos), *by_key(origin(photo) for photo in photos)])


def by_people(photos: Sequence[Photo]) -> list[list[Photo]]:
    """Photos that share a person or their bytes, directly or through others.

    Two people in one photo are two.
    """
    return _joined(photos, _same_people(photos))


def _same_people(photos: Sequence[Photo]) -> Iterator[tuple[int, int]]:
    yield from by_key(photo.person for photo in photos)
    yield from by_key(photo.digest or str(photo.path) for photo in photos)


def _joined(photos: Sequence[Photo], links: Iterable[tuple[int, int]]) -> list[list[Photo]]:
    return [[photos[index] for index in group] for group in linked(len(photos), links)]


def people_of_each(together: Sequence[Sequence[Photo]]) -> Counter[str]:
    """How many of `groups` have photos of a class, by its label."""
    return Counter(label for group in together for label in _labels(group))


def one_name_each(photos: Sequence[Photo]) -> list[Photo]:
    """The photos, those of each of `by_people` under one name: copies under two names are no two people."""
    merged: dict[Path, Photo] = {}
    for together in by_people(photos):
        person, named = min(photo.person for photo in together), any(photo.named for photo in together)
        merged |= {photo.path: replace(photo, person=person, named=named) for photo in together}
    return [merged[photo.path] for photo in photos]


def _choose(groups: list[list[Photo]], share: float, seed: int, left: Counter[str]) -> list[Photo]:
    """People in an order that depends on their ids and the seed alone, as far as they fit into the share.

    `left` counts who is in training by class; those chosen are taken off.
    """

    def order(group: list[Photo]) -> str:
        return hashlib.sha256(f"{seed} {min(photo.person for photo in group)}".encode()).hexdigest()

    def may_go(group: list[Photo]) -> bool:
        return all(left[label] > 1 for label in _labels(group))

    wanted = share * sum(len(group) for group in groups)
    candidates = sorted(groups, key=order)[:-1]  # one stays in training
    chosen: list[Photo] = []
    for group in candidates:
        if len(chosen) + len(group) / 2 <= wanted and may_go(group):
            chosen += group
            left.subtract(_labels(group))
    if chosen or not candidates:
        return chosen
    # Everybody has too many photos: whoever has fewest, were it the one who was to stay.
    fewest = min(filter(may_go, groups), key=len, default=[])
    left.subtract(_labels(fewest))
    return fewest


def _labels(group: Sequence[Photo]) -> set[str]:
    return {photo.label for photo in group}
