"""Nobody is learned from and asked about at once, and no class is missing from what is learned from."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.checks.pictures import save, scene, write_table
from training.__main__ import main
from training.checks.holding_out import hold_out, why_nobody
from training.checks.mislabelled import form_opinion

TRIANGLE: tuple[str, ...] = ("ab", "bc", "ca")
"""Three people with photos of two classes each: no two parts have every class on both sides."""


def shown(*people: str) -> tuple[list[str], list[str]]:
    """The labels and people of photos, from a letter for each photo of each person."""
    labels = [label for labels in people for label in labels]
    return labels, [str(number) for number, labels in enumerate(people) for _ in labels]


@pytest.mark.parametrize(
    ("people", "reason"),
    [
        (("a", "aa"), "there is one class only"),
        (("abbc", "a", "a"), "all photos of b, c are of one person or look alike"),
        (("ab", "ab"), ""),
    ],
)
def test_it_takes_two_people_of_two_classes(people: tuple[str, ...], reason: str) -> None:
    labels, names = shown(*people)
    assert why_nobody(labels, names) == reason
    assert bool(hold_out(labels, names, seed=1)) is not bool(reason)


def test_people_are_asked_about_once_and_every_class_is_learned_from() -> None:
    rng = np.random.default_rng(0)
    cases = [TRIANGLE]
    for _ in range(300):
        kinds = ["".join(rng.choice(list("abc"), rng.integers(1, 3))) for _ in range(rng.integers(3, 9))]
        cases.append(tuple("".join(rng.choice(list(kind), rng.integers(1, 11))) for kind in kinds))
    for people in cases:
        labels, names = map(np.array, shown(*people))
        folds = hold_out(labels.tolist(), names.tolist(), seed=1)
        for train, held_out in folds:
            assert not set(names[train]) & set(names[held_out])
            assert set(labels[train]) == set(labels)
        asked = [row for _, held_out in folds for row in held_out.tolist()]
        assert sorted(asked) == (list(range(len(labels))) if folds else [])
        assert bool(folds) is not bool(why_nobody(labels.tolist(), names.tolist()))


def test_two_people_who_fall_into_one_part_are_parted() -> None:
    """The classifier had nobody of one of two classes to learn from then, which is an error to it."""
    labels, people = shown("aa", "ab", "b" * 10)
    targets = np.array(["ab".index(label) for label in labels])
    features = np.random.default_rng(0).normal(size=(len(labels), 12)).astype(np.float16)
    assert form_opinion(features, targets, people) is not None


def test_check_gives_one_reason_for_all_that_it_does_not_look_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(8):
        save(scene(number), tmp_path / "ab"[number % 2] / f"{number}.png")
    write_table(tmp_path, [{"file": f"b/{number}.png", "person": "ann"} for number in (1, 3, 5, 7)])
    assert main(["check", str(tmp_path), "--no-network", "--fail-on", "shortcut"]) == 2
    printed = capsys.readouterr()
    assert "not looked for: all photos of b are of one person or look alike" in printed.out
    assert "Received: all photos of b are of one person or look alike." in printed.err
