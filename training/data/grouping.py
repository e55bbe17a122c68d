"""What belongs together, directly or through others (union-find: Tarjan 1975)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator


def linked(count: int, links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Indices below `count` in groups that links join, each sorted, the group of the lowest index first."""
    parents = list(range(count))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]  # halves the way for whoever asks next
            index = parents[index]
        return index

    for a, b in links:
        parents[max(root(a), root(b))] = min(root(a), root(b))
    members: dict[int, list[int]] = defaultdict(list)
    for index in range(count):
        members[root(index)].append(index)
    return list(members.values())


def by_key(keys: Iterable[str]) -> Iterator[tuple[int, int]]:
    """A link from whatever has a key to the first that has the same; an empty one links nothing."""
    first: dict[str, int] = {}
    for index, key in enumerate(keys):
        if key:
            yield first.setdefault(key, index), index
