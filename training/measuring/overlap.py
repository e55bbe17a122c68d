"""How many of some photos a model learned from, and what that makes of numbers that are measured on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from training.data.dataset import Dataset, Photo, fingerprint
from training.data.learned import short

REMEMBERED: Final = "the numbers say how well it remembers them, not how well it will do on new ones."
ASK_THE_RUN: Final = "Its run tells, if `fit` has left a learned.txt there."


@dataclass(frozen=True)
class Overlap:
    """What photos of a folder have in common with those a model learned from."""

    photos: int
    learned: int | None
    """How many of them it learned from, byte for byte; None where that cannot be told."""
    apart: bool
    """Whether its training photos are those of the folder, so that other splits show nobody whom it knows."""

    @classmethod
    def of(
        cls, data: Dataset, photos: Sequence[Photo], trained_on: str, known: frozenset[str] | None
    ) -> Self:
        """Compare photos of a folder with a model's, by the fingerprint of all and the digests of each.

        Where there are no digests, its photos are known if they are the folder's training photos or the whole
        of a folder.
        """
        train = data.split("train")
        apart = fingerprint(train) == trained_on
        if known is None and (apart or fingerprint(data.photos) == trained_on):
            known = frozenset(map(short, train if apart else data.photos))
        learned = None if known is None else sum(short(photo) in known for photo in photos)
        return cls(len(photos), learned, apart)

    def caveat(self, split: str) -> str | None:
        """What a reader must know before believing numbers that are measured on these photos of a split."""
        if self.learned is None:
            return self._untold(split)
        if self.learned == self.photos:
            return f"the model was trained on these photos: {REMEMBERED}"
        if self.learned:
            known = f"the model learned from {self.learned:,} of these {self.photos:,} photos"
            others = (
                "" if self.apart else " About the others they are fair only if it never saw these people."
            )
            return f"{known}. About those {REMEMBERED}{others}"
        if self.apart:
            return None
        return (
            "the model learned from other photos than the training photos in this folder, and from none of "
            "these, byte for byte. The numbers are fair only if it never saw these people, nor these photos "
            "in another form."
        )

    @staticmethod
    def _untold(split: str) -> str:
        fair = "The numbers are fair only if it never saw these photos or these people."
        if split in ("train", "all"):
            return (
                "how many of these photos the model learned from cannot be told, as its training photos are "
                f"not here as a whole. {fair} {ASK_THE_RUN}"
            )
        return (
            f"the training photos in this folder are not those the model was trained on. {fair} {ASK_THE_RUN}"
        )
