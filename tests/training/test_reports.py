"""Tables and pictures of results."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from training.errors import TrainingError
from training.learning.fitting import Epoch
from training.learning.history import History, draw
from training.measuring.evaluation import Evaluation
from training.measuring.heldout import HeldOut
from training.measuring.metrics import score
from training.plots import plot_confusion
from training.reporting import charts
from training.tables import table


def test_columns_are_aligned() -> None:
    assert table(["name", "n"], [["a", "1"], ["longer", "10"]]) == ["name     n", "a        1", "longer  10"]


def test_wide_letters_and_marks_are_as_wide_as_terminals_show_them() -> None:
    """Two columns for each of Chinese, none for the dots above an `u` or a vowel of Thai."""
    rows = [["\u732b\u3068\u72ac", "1"], ["Mu\u0308cke", "2"], ["red", "3"], ["\u0e21\u0e31\u0e19", "4"]]
    assert table(["name", "n"], rows) == [
        "name    n",
        "\u732b\u3068\u72ac  1",
        "Mu\u0308cke   2",
        "red     3",
        "\u0e21\u0e31\u0e19      4",
    ]


def test_report_names_what_was_measured() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], dtype=np.float32)
    scores = score(probabilities, np.array([0, 1, 1]), np.array(["x", "y", "z"]), ("cat", "dog"), draws=50)
    evaluation = Evaluation("pets 1", "test", scores)
    text = "\n".join(evaluation.lines())
    assert text.endswith("\n\n(-): too few for an interval")
    assert "people" not in text and text.count("too few") == 1
    assert text.startswith("pets 1 on 3 test photos (95 % intervals over photos)")
    assert "66.7 %" in text
    assert evaluation.document()["confusion"] == [[1, 0], [1, 1]]
    assert evaluation.document()["classes"]["dog"]["support"] == 2


def test_of_many_classes_the_most_frequent_mistakes_are_told() -> None:
    """Their matrix would be 600 columns wide, each line of it eight on the screen."""
    names = [f"kind of thing {number}" for number in range(30)]
    labels = np.repeat(np.arange(30), 3)
    answers = (labels + (np.arange(90) % 3 == 0)) % 30
    answers[:3] = 7
    people = np.arange(90).astype(str)
    scores = score(np.eye(30, dtype=np.float32)[answers], labels, people, names, draws=5)
    lines = Evaluation("things 1", "test", scores).lines()
    first = lines.index("most frequent mistakes") + 1
    assert [line.split() for line in lines[first : first + 3]] == [
        ["truth", "answer", "photos"],
        ["kind", "of", "thing", "0", "kind", "of", "thing", "7", "3"],
        ["kind", "of", "thing", "1", "kind", "of", "thing", "2", "1"],
    ]
    assert "and 10 other pairs of classes" in lines
    assert max(map(len, lines)) < 120
    faultless = score(np.eye(30, dtype=np.float32)[labels], labels, people, names, draws=5)
    assert "no mistakes" in Evaluation("things 1", "test", faultless).lines()


@pytest.mark.parametrize("classes", [2, 40])
def test_confusion_picture_is_large_enough_to_read(classes: int, tmp_path: Path) -> None:
    names = [f"class {number}" for number in range(classes)]
    plot_confusion(np.eye(classes, dtype=np.int64) * 7, names, "test", tmp_path / "confusion.png")
    with Image.open(tmp_path / "confusion.png") as picture:
        assert min(picture.size) > 550
        # Something is drawn: the diagonal is dark blue on white.
        assert np.asarray(picture.convert("L")).std() > 20


def test_a_class_that_the_font_cannot_draw_has_its_number(tmp_path: Path) -> None:
    for file, names in (("drawn", ["class 1", "Größe", "class 3"]), ("named", ["猫", "Größe", "犬 2"])):
        plot_confusion(np.eye(3, dtype=np.int64), names, "test", tmp_path / f"{file}.png")
    assert (tmp_path / "named.png").read_bytes() == (tmp_path / "drawn.png").read_bytes()


@pytest.mark.parametrize("names", [["$5_$10", "b"], ["a", "b", "$^$", "d", "e"]])
def test_dollars_in_names_are_no_formula(names: list[str], tmp_path: Path) -> None:
    """Matplotlib would draw `$5-$10` as a difference, and refuse these."""
    plot_confusion(np.eye(len(names), dtype=np.int64), names, "run $^$, test", tmp_path / "confusion.png")
    assert (tmp_path / "confusion.png").is_file()


def test_a_title_that_the_font_cannot_draw_is_left_out(tmp_path: Path) -> None:
    for file, title in (("drawn", "test"), ("left-out", "猫, test")):
        plot_confusion(np.eye(2, dtype=np.int64), ["a", "b"], title, tmp_path / f"{file}.png")
    assert (tmp_path / "left-out.png").read_bytes() == (tmp_path / "drawn.png").read_bytes()


def test_heldout_photos_survive_the_disk(tmp_path: Path) -> None:
    eyes = {"eye": np.array(["left", "right"])}
    photos = HeldOut(np.ones((2, 4, 4, 3), np.uint8), np.array([0, 1]), np.array(["x", "someone"]), eyes)
    photos.save(tmp_path / "photos.npz")
    again = HeldOut.load(tmp_path / "photos.npz")
    np.testing.assert_array_equal(again.images, photos.images)
    assert again.people.tolist() == ["x", "someone"]
    assert again.columns["eye"].tolist() == ["left", "right"]


def test_a_run_without_heldout_photos_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--data"):
        HeldOut.load(tmp_path / "photos.npz")


@pytest.mark.parametrize("report", [False, True])
def test_two_accuracies_that_are_the_same_are_both_to_be_seen(report: bool, tmp_path: Path) -> None:
    """With classes of equal size one line lies on the other: the upper one has gaps."""
    epochs = [Epoch(number, "head", 1, 0.9, 1, number / 9, number / 9, 1.0) for number in range(1, 9)]
    with History(tmp_path) as history:
        for epoch in epochs:
            history.add(epoch)
    draw(epochs, epochs[-1], tmp_path / "curves.png")
    lower: tuple[int, ...] = (255, 127, 14)  # Matplotlib's second colour
    if report:
        chart = charts.history(tmp_path / "history.csv")
        assert chart is not None
        chart.png(tmp_path / "curves.png")
        lower = tuple(round(255 * share) for share in to_rgb(charts.ONE))
    pixels = np.asarray(Image.open(tmp_path / "curves.png").convert("RGB")).astype(int)
    right = pixels[:, pixels.shape[1] // 2 :]
    shown = (np.abs(right - lower).max(axis=2) < 40).any(axis=0)
    assert shown.sum() > 0.2 * len(shown)  # far more than its place in the legend
