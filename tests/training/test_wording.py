from training.wording import counted_by, number_of, photos_of


def test_people_are_counted_where_anybody_named_them() -> None:
    assert photos_of(330, 176, "validation photos") == "330 validation photos of 176 people"
    assert photos_of(15280, 7990, whom="others") == "15,280 photos of 7,990 others"
    assert counted_by(330, 176) == "people"


def test_photos_of_nobody_are_photos() -> None:
    assert photos_of(91, 91) == photos_of(91, None) == "91 photos"
    assert counted_by(91, 91) == "photos"


def test_one_is_no_plural() -> None:
    assert [number_of(count, "eye") for count in (0, 1, 1200)] == ["0 eyes", "1 eye", "1,200 eyes"]
