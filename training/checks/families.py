"""Which photos say the same about a class: a person's, those cut from one photo, and copies of each other."""

from collections.abc import Iterable, Sequence

from training.checks.duplicates import Pair
from training.data.dataset import Photo
from training.data.grouping import by_key, linked
from training.data.origins import origin


def families(photos: Sequence[Photo], pairs: Iterable[Pair]) -> list[str]:
    """One id for all photos that must stay together, one of their people; `pairs` are the duplicates."""
    links = [
        *((pair.first, pair.second) for pair in pairs),
        *by_key(photo.person for photo in photos),
        *by_key(origin(photo) for photo in photos),
    ]
    ids = [photo.person for photo in photos]
    for group in linked(len(photos), links):
        person = min(ids[index] for index in group)
        for index in group:
            ids[index] = person
    return ids
