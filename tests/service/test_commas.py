from service.commas import split


def test_parts_between_commas() -> None:
    assert split("") == ()
    assert split(" a, b ,,") == ("a", "b")
