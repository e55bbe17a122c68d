"""How photos are counted for people: with those who are in them, where anybody named them."""


def photos_of(photos: int, people: int | None, kind: str = "photos", whom: str = "people") -> str:
    """`1,528 training photos of 799 people`, and of as many people as photos the photos alone.

    There every photo counts as a person of its own: nobody is named, and it may be walls that they show.
    """
    return f"{photos:,} {kind}" + ("" if people in (None, photos) else f" of {people:,} {whom}")


def counted_by(photos: int, people: int) -> str:
    """What intervals are taken over."""
    return "photos" if people == photos else "people"


def number_of(count: int, one: str, many: str = "") -> str:
    """`1 photo`, `2 photos`; `many` is for a word that does not end in s then."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
