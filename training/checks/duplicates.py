"""The same photo twice: byte for byte, or as it seems mirrored, recompressed, resized, recoloured, cropped or
turned.

Candidates are the nearest neighbours by a perceptual hash (the low frequencies of the cosine transform, kept
as numbers instead of bits, because a crop changes many bits a little); then each pair is laid one over the
other, and what remains different decides. Portraits of one layout all look alike to a hash alone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.checks.alignment import likeness
from training.checks.findings import Finding
from training.console import progress
from training.data.dataset import Photo
from training.data.grouping import linked

NEIGHBOURS: Final = 6
ROUNDS: Final = 10
"""Searches at most, which bounds the time. One may join seven groups: five do for 10,000 copies."""
SIMILAR: Final = 0.7
"""Cosine of two hashes under which pictures are not compared."""
SAME: Final = 0.98
"""Correlation of aligned pictures from which they are one photo.

Eye crops: copies in disguise reach 0.99, two people's eyes stay under 0.98. How many copies
are found so is measured in benchmarks/README.md.
"""
FREQUENCIES: Final = 8
ROWS: Final = 1024
PAIRS: Final = 512
PLAIN: Final = 4.0
"""Contrast under which a thumbnail shows nothing that could be compared."""


@dataclass(frozen=True, order=True)
class Pair:
    """Two photos, by index, that are one, or look like it where their bytes differ."""

    first: int
    second: int
    likeness: float
    mirrored: bool = False
    exact: bool = False

    @property
    def disguise(self) -> str:
        """What the second did to look different, in words."""
        if self.exact:
            return "byte for byte"
        return "mirrored" if self.mirrored else "recoloured, resized, cut or turned"


def find_pairs(photos: Sequence[Photo], thumbnails: NDArray[np.uint8]) -> list[Pair]:
    """All pairs of one photo, each copy with its original; `thumbnails` is `[N, 32, 32]`."""
    originals: dict[str, int] = {}
    exact = []
    for index, photo in enumerate(photos):
        first = originals.setdefault(photo.digest, index)
        if first != index:
            exact.append(Pair(first, index, 1.0, exact=True))
    return exact + _near(np.array(sorted(originals.values())), thumbnails)


def _near(indices: NDArray[np.int64], thumbnails: NDArray[np.uint8]) -> list[Pair]:
    """Pairs of these photos that look alike; what has been linked is searched for again as one photo.

    A photo with more copies of one style than it is given neighbours has none left for those of another.
    """
    indices = indices[thumbnails[indices].std(axis=(1, 2)) > PLAIN]
    found: dict[tuple[int, int], Pair] = {}
    compared: set[tuple[int, int, bool]] = set()
    asked = indices
    for _ in range(ROUNDS):
        near = {(int(asked[a]), int(asked[b]), flag) for a, b, flag in _candidates(thumbnails[asked])}
        alike = _alike(sorted(near - compared), thumbnails)
        if not alike:
            break
        compared |= near
        found |= alike
        asked = _representatives(indices, list(found))
    return sorted(found.values())


def _alike(
    candidates: Sequence[tuple[int, int, bool]], thumbnails: NDArray[np.uint8]
) -> dict[tuple[int, int], Pair]:
    """Those of the candidates that look like one photo, laid one over the other."""
    found: dict[tuple[int, int], Pair] = {}
    starts = range(0, len(candidates), PAIRS)
    for start in progress(starts, "comparing photos", total=len(starts)):
        chunk = candidates[start : start + PAIRS]
        first = thumbnails[[a for a, _, _ in chunk]].astype(np.float32)
        second = thumbnails[[b for _, b, _ in chunk]].astype(np.float32)
        mirrored = np.array([flag for _, _, flag in chunk])
        second[mirrored] = second[mirrored, :, ::-1]
        for (a, b, flag), score in zip(chunk, likeness(first, second), strict=True):
            known = found.get((a, b))
            if score >= SAME and (known is None or known.likeness < score):
                found[a, b] = Pair(a, b, float(score), mirrored=flag)
    return found


def _representatives(indices: NDArray[np.int64], links: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Of each group that links join, the photo with the most of them: the likeliest to look like others."""
    copies = Counter(index for link in links for index in link)
    together = linked(int(indices.max()) + 1, links)
    chosen = [max(group, key=lambda index: copies[index]) for group in together]
    return np.intersect1d(chosen, indices)


def _candidates(thumbnails: NDArray[np.uint8]) -> list[tuple[int, int, bool]]:
    """Neighbours by hash, also of the mirrored picture: (lower index, higher index, mirrored)."""
    plain = hashes(thumbnails)
    found = set()
    for mirrored, others in ((False, plain), (True, hashes(thumbnails[:, :, ::-1]))):
        for start in range(0, len(plain), ROWS):
            cosine = plain[start : start + ROWS] @ others.T
            rows = np.arange(len(cosine))
            cosine[rows, start + rows] = -1
            count = min(NEIGHBOURS, cosine.shape[1])
            for row, columns in enumerate(np.argpartition(-cosine, count - 1, axis=1)[:, :count]):
                near = columns[cosine[row, columns] > SIMILAR]
                found |= {(min(start + row, int(c)), max(start + row, int(c)), mirrored) for c in near}
    return sorted(found)


def hashes(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Low frequencies of the pictures as vectors of length one, `[N, 63]`; brightness is left out."""
    from scipy.fft import dctn  # here, as it takes long

    spectra = dctn(thumbnails.astype(np.float32), axes=(1, 2), norm="ortho")[:, :FREQUENCIES, :FREQUENCIES]
    low = spectra.reshape(len(spectra), FREQUENCIES**2)[:, 1:]
    unit: NDArray[np.float32] = low / np.maximum(np.linalg.norm(low, axis=1, keepdims=True), 1e-6)
    return unit


def groups(count: int, links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Those of `linked` that have two members or more."""
    return [group for group in linked(count, links) if len(group) > 1]


def describe(photos: Sequence[Photo], names: Sequence[str], pairs: Sequence[Pair]) -> Iterator[Finding]:
    """A finding per group of copies, and one more where the copies do not share a label."""
    links: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        links[pair.second].append(pair)
    for group in groups(len(photos), [(pair.first, pair.second) for pair in pairs]):
        inside = [pair for index in group for pair in links[index]]
        files = tuple(names[index] for index in group)
        score = min(pair.likeness for pair in inside)
        ways = ", ".join(sorted({pair.disguise for pair in inside}))
        certain = all(pair.exact for pair in inside)
        show = "show" if certain else "may show"
        yield Finding("duplicate", f"{len(group)} files {show} one photo ({ways})", files, score)
        labels = sorted({photos[index].label for index in group})
        if len(labels) > 1:
            photo = "one photo" if certain else "what may be one photo"
            yield Finding("conflict", f"{photo} is labelled {' and '.join(labels)}", files, score)
