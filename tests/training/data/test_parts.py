"""Photos are parted by what is said about them."""

import numpy as np

from training.data.parts import in_order, parted, parting, quarters


def test_few_values_part_photos_and_names_do_not() -> None:
    assert parted(["left", "", "right"]) == ["left", "unknown", "right"]
    assert parted([f"{number}.png" for number in range(9)]) is None


def test_many_numbers_become_quarters() -> None:
    parts = quarters(np.arange(40.0))
    assert in_order(parts)[0] == "lowest quarter (0 to 9.75)"
    assert [parts.count(part) for part in in_order(parts)] == [10] * 4


def test_what_lies_beyond_all_numbers_is_unknown() -> None:
    parts = parted([*map(str, range(40)), "inf", "-inf", "1e999"])
    assert parts is not None
    assert parts[40:] == ["unknown"] * 3
    assert in_order(parts)[3] == "highest quarter (29.2 to 39)"


def test_a_frequent_number_parts_what_is_below_it() -> None:
    parts = parted([str(value) for value in [1.0] * 20 + [0.5 + 0.01 * one for one in range(9)]])
    assert parts is not None
    assert in_order(parts) == ["less than 1", "1"]


def test_columns_that_say_what_a_file_is_are_left_out() -> None:
    rows = [
        {"source_file": "a", "eye": "left", "one": "x"},
        {"source_file": "b", "eye": " right", "one": "x"},
    ]
    found = parting(rows)
    assert list(found) == ["eye"]
    assert found["eye"].tolist() == ["left", "right"]
