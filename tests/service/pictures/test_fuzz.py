"""A short run of the fuzzer, and the findings of the long ones."""

from collections import Counter

from scripts.fuzz_decoder import make_case, outcome, seeds

CASES = 300


def test_every_seed_is_a_picture() -> None:
    corpus = seeds()
    assert len(corpus) >= 19
    assert {outcome(data) for data in corpus} == {"ok"}


def test_damaged_pictures_are_read_or_refused() -> None:
    corpus = seeds()
    outcomes = Counter(outcome(make_case(1, number, corpus)) for number in range(CASES))
    assert sum(outcomes.values()) == CASES
    assert {"ok", "corrupt_image", "unsupported_format"} <= set(outcomes)


def test_a_case_can_be_made_again() -> None:
    corpus = seeds()
    assert make_case(0, 7, corpus) == make_case(0, 7, corpus) != make_case(1, 7, corpus)
