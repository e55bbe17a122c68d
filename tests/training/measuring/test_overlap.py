"""A run knows each photo that it learned from, wherever the photo is now."""

import json
import shutil
from pathlib import Path

import pytest

from tests.training import folders
from tests.training.runs import fit
from training.__main__ import main
from training.network.run_folders import LEARNED


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders.splits(tmp_path_factory.mktemp("photos"), train=6, validation=3)


@pytest.fixture(scope="module")
def taught(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    assert fit(data, out, "--epochs", "1", "--head", "gap") == 0
    return out


@pytest.fixture
def run(taught: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(taught, tmp_path / "run"))


@pytest.fixture
def elsewhere(data: Path, tmp_path: Path) -> Path:
    """Two new photos of each class, and among those of red four that the run learned from, renamed."""
    root = folders.classes(tmp_path / "elsewhere", count=2, start=5000)
    for number in range(4):
        shutil.copy(data / "train" / "red" / f"{number}.png", root / "red" / f"mine {number}.png")
    return root


def told(run: Path, folder: Path, split: str, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    """How many photos the run learned from, and the note about it."""
    assert main(["evaluate", str(run), str(folder), "--split", split]) == 0
    printed = capsys.readouterr().out
    note = printed.partition("\nNote: ")[2].partition("\n")[0]
    return json.loads((run / f"evaluation-{split}.json").read_text())["learned_from"], note


def test_photos_are_known_in_another_folder_under_other_names(
    run: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learned, note = told(run, elsewhere, "all", capsys)
    assert learned == 4
    assert note.startswith(
        "the model learned from 4 of these 8 photos. About those the numbers say how well it"
    )
    assert note.endswith(" About the others they are fair only if it never saw these people.")
    assert main(["report", str(run), str(elsewhere), "--split", "validation", "--robustness", "0"]) == 0
    assert "Note: the model learned from " in capsys.readouterr().out


def test_new_photos_are_told_from_known_ones_but_people_are_not(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = folders.classes(tmp_path / "new", count=3, start=5000)
    for split in ("all", "train", "validation"):
        learned, note = told(run, new, split, capsys)
        assert learned == 0
        assert (
            "from none of these, byte for byte. The numbers are fair only if it never saw these people"
            in note
        )


def test_one_more_training_photo_does_not_hide_the_others(
    run: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(run, data, "validation", capsys) == (0, "")
    grown = Path(shutil.copytree(data, tmp_path / "grown"))
    folders.photo(grown / "train" / "red" / "new.png", seed=9000, colour=0)
    assert told(run, grown, "train", capsys)[0] == 12
    assert told(run, grown, "all", capsys)[0] == 12
    learned, note = told(run, grown, "validation", capsys)
    assert (learned, "from none of these" in note) == (0, True)


def test_a_run_without_digests_says_what_it_cannot_tell(
    run: Path, data: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As those of earlier versions: their training photos are known as a whole."""
    lines = (run / LEARNED).read_text().splitlines()
    assert len(lines) == 12 and lines == sorted(lines)
    (run / LEARNED).unlink()
    learned, note = told(run, elsewhere, "all", capsys)
    assert learned is None
    assert note.startswith("how many of these photos the model learned from cannot be told")
    assert told(run, data, "all", capsys)[0] == 12
    (run / LEARNED).write_bytes(b"\xff")
    assert main(["evaluate", str(run), str(data)]) == 2
    assert "Expected digests of training photos in" in capsys.readouterr().err
