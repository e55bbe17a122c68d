from benchmarks.dataset_check import row, score_copies

COPIES = {f"train/a/copy-{number}": (f"train/a/{number}", "exact") for number in range(3)}
HIDDEN = {f"validation/a/copy-{number}": (f"train/a/{number}", "exact") for number in (7, 8)}


def test_only_hidden_copies_that_were_found_are_left_out() -> None:
    groups = [{name, origin} for name, (origin, _) in COPIES.items()]
    assert score_copies(COPIES, HIDDEN, groups) == (3, 3, 3)
    groups.append({"validation/a/copy-7", "train/a/7"})
    assert score_copies(COPIES, HIDDEN, groups) == (3, 3, 3)
    groups.append({"train/a/20", "train/a/21", "train/a/22"})
    assert score_copies(COPIES, HIDDEN, groups) == (3, 3, 5)


def test_precision_is_over_all_seeds_and_a_dash_where_it_is_not_counted() -> None:
    assert row("duplicates", [(40, 40, 40), (40, 20, 60)]) == ["duplicates", "80", "75.0%", "60.0%"]
    assert row("leaked people", [(5, 5, None), (5, 4, None)]) == ["leaked people", "10", "90.0%", "-"]
    assert row("wrong labels", [(30, 0, 0)]) == ["wrong labels", "30", "0.0%", "0.0%"]
