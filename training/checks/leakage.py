"""A person or photo on both sides of a split, which makes a validation result better than it is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from training.checks.duplicates import Pair
from training.checks.findings import Finding
from training.data.dataset import Photo
from training.data.origins import origin


def find_leaks(photos: Sequence[Photo], names: Sequence[str], pairs: Iterable[Pair]) -> Iterator[Finding]:
    """People, photos they were cut from, and copies that are in two splits; `pairs` are the duplicates."""
    yield from _shared(photos, names, [photo.person for photo in photos], "the person")
    yield from _shared(photos, names, [origin(photo) for photo in photos], "the photo")
    for pair in pairs:
        first, second = photos[pair.first], photos[pair.second]
        if first.split != second.split:
            photo = "one photo" if pair.exact else "what may be one photo"
            detail = f"{photo} in {first.split} and {second.split} ({pair.disguise})"
            yield Finding("leakage", detail, (names[pair.second], names[pair.first]), pair.likeness)


def _shared(
    photos: Sequence[Photo], names: Sequence[str], keys: Sequence[str], what: str
) -> Iterator[Finding]:
    members: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        if key:
            members[key].append(index)
    for key, indices in sorted(members.items()):
        counts: dict[str, list[int]] = defaultdict(list)
        for index in indices:
            counts[photos[index].split].append(index)
        if len(counts) > 1:
            fewest_first = sorted(counts.items(), key=lambda item: (len(item[1]), item[0]))
            where = ", ".join(f"{len(files)} in {split}" for split, files in fewest_first)
            files = tuple(names[index] for _, rows in fewest_first for index in rows)
            yield Finding("leakage", f"{what} {key}: {where}", files, 1.0)
