import csv
import errno
import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from PIL import ImageOps

from tests.training.checks.pictures import REAL, many_copies, save, scene, write_table
from training.__main__ import main


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """20 people with two photos each in two classes; one more photo is a mirrored copy under another name."""
    root = tmp_path / "data"
    rows = []
    for seed in range(40):
        name = f"{('cat', 'dog')[seed // 2 % 2]}/{seed}.png"
        save(scene(seed), root / name)
        rows.append({"file": name, "person": f"p{seed // 2}", "source": "home"})
    save(ImageOps.mirror(scene(0)), root / "cat/copy.png")
    write_table(root, rows)
    return root


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_people_and_copies_stay_together(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["split", str(data), str(out), "--validation", "0.2", "--test", "0.2"]) == 0
    sides = defaultdict(set)
    for row in rows(out):
        assert (out / row["file"]).is_file()
        sides["p0" if row["file"].endswith("copy.png") else row["person"]].add(row["split"])
    assert len(rows(out)) == 41 and all(len(found) == 1 for found in sides.values())
    counts = {
        (split, label): len(list((out / split / label).iterdir()))
        for split in ("validation", "test")
        for label in ("cat", "dog")
    }
    assert set(counts.values()) <= {4, 5}, counts
    assert len(list(data.rglob("*.png"))) == 41
    assert main(["check", str(out), "--no-network", "--fail-on", "leakage"]) == 0


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_any_number_of_copies_stays_together(tmp_path: Path, seed: str) -> None:
    root, out = tmp_path / "data", tmp_path / "out"
    many_copies(REAL / "chelsea.jpg", root / "cat")
    for number in range(24):
        save(scene(number), root / ("cat", "dog")[number % 2] / f"{number}.png")
    assert main(["split", str(root), str(out), "--validation", "0.4", "--test", "0.2", "--seed", seed]) == 0
    sides = [row["split"] for row in rows(out) if "chelsea" in row["file"]]
    assert len(sides) == 16 and len(set(sides)) == 1


def test_people_are_counted_as_check_and_fit_count_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "data"
    for seed in range(12):
        save(scene(seed), root / "ab"[seed % 2] / f"{seed}.png")
    save(scene(0), root / "a" / "copy.png")
    for table, name in ((False, "different"), (True, "people")):
        if table:
            write_table(root, [{"file": "a/0.png", "person": "ann"}])
        assert main(["split", str(root), str(tmp_path / name), "--test", "0", "--validation", "0.3"]) == 0
        last = capsys.readouterr().out.splitlines()[-1].split()
        assert last[0] == name and sum(map(int, last[1:])) == 12
        assert main(["check", str(tmp_path / name), "--no-network"]) == 0
        heading = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("class"))
        assert heading.split()[:3] == ["class", "photos", name]


def test_the_seed_decides(data: Path, tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main(["split", str(data), str(tmp_path / name), "--seed", seed]) == 0
    assert rows(tmp_path / "a") == rows(tmp_path / "b") != rows(tmp_path / "c")


def test_a_split_that_leaks_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["split", str(data), str(out)]) == 0
    capsys.readouterr()
    assert main(["split", str(out)]) == 0
    assert "nothing of one side is on another" in capsys.readouterr().out
    picture = next((out / "train/cat").glob("*.png"))
    save(
        ImageOps.mirror(scene(int(picture.stem) if picture.stem.isdigit() else 0)), out / "test/cat/leak.png"
    )
    assert main(["split", str(out)]) == 2
    assert "Expected nobody on two sides of the split. Received: " in capsys.readouterr().err


def test_what_is_not_split_yet_needs_a_folder_for_its_copy(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["split", str(data)]) == 2
    assert f"new folder for the split copy: {data} is not split" in capsys.readouterr().err


def test_nothing_is_written_into_a_full_folder(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["split", str(data), str(data)]) == 2
    assert "Expected a new or empty folder" in capsys.readouterr().err
    assert main(["split", str(data), str(data / "x"), "--validation", "0.6", "--test", "0.4"]) == 2


@pytest.mark.parametrize(
    "shares",
    [
        ("--validation", "nan"),
        ("--test", "nan"),
        ("--validation", "nan", "--test", "nan"),
        ("--validation", "inf"),
        ("--test=-0.1",),
        ("--test=-inf", "--validation", "inf"),
    ],
)
def test_shares_that_are_none_are_refused(
    data: Path, tmp_path: Path, shares: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["split", str(data), str(tmp_path / "out"), *shares]) == 2
    assert "Expected shares of 0 or more that leave photos to train on" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_names_of_two_lines_are_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(scene(50), data / "cat" / "0\nx.png")
    assert main(["split", str(data), str(tmp_path / "out")]) == 2
    assert "Expected file names of one line. Received: 'cat/0\\nx.png'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_crops_of_one_photo_stay_together(tmp_path: Path) -> None:
    root, out = tmp_path / "data", tmp_path / "out"
    table = []
    for seed in range(24):
        name = f"{('cat', 'dog')[seed % 2]}/{seed}.png"
        save(scene(seed), root / name)
        table.append({"file": name, "person": f"p{seed}", "photo": f"party {seed // 3}.jpg"})
    write_table(root, table)
    assert main(["split", str(root), str(out), "--validation", "0.3", "--test", "0.3"]) == 0
    sides = defaultdict(set)
    for row in rows(out):
        sides[row["photo"]].add(row["split"])
    assert len(sides) == 8 and all(len(found) == 1 for found in sides.values())
    assert set.union(*sides.values()) == {"train", "validation", "test"}


def test_copies_are_not_put_among_the_photos(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["split", str(data), str(data / "copies")]) == 2
    assert "outside of" in capsys.readouterr().err


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "from", None, "to"),
            2,
            "Expected to write to to. Rec",
        ),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_half_a_split_is_none(
    data: Path,
    tmp_path: Path,
    there: bool,
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, copy = tmp_path / "out", shutil.copy2
    copied: list[Path] = []

    def failing(source: Path, target: Path) -> None:
        if len(copied) == 20:
            raise error
        copy(source, target)
        copied.append(target)

    if there:
        out.mkdir()
    monkeypatch.setattr(shutil, "copy2", failing)
    assert main(["split", str(data), str(out)]) == code
    assert said in capsys.readouterr().err and len(copied) == 20
    assert out.exists() == there and not (there and list(out.iterdir()))
