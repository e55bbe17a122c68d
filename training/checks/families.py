"""Which photos say the same about a class: a person's, those cut from one photo, and copies of each other."""

from collections.abc import Iterable, Sequence

from training.checks.duplicates import Pair, groups
from training.checks.leakage import origin
from training.dataset import Photo


def families(photos: Sequence[Photo], pairs: Iterable[Pair]) -> list[str]:
    """One id for all photos that must stay together, one of their people; `pairs` are the duplicates."""
    links = [(pair.first, pair.second) for pair in pairs]
    for keys in ([photo.person for photo in photos], [origin(photo) for photo in photos]):
        first: dict[str, int] = {}
        for index, key in enumerate(keys):
            if key:
                links.append((first.setdefault(key, index), index))
    ids = [photo.person for photo in photos]
    for group in groups(len(photos), links):
        for index in group:
            ids[index] = min(photos[member].person for member in group)
    return ids
