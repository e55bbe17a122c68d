import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.checks.pictures import save, scene, write_table
from training.__main__ import main
from training.checks.findings import KINDS


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two classes in two splits, with a corrupt file and a copy on the other side."""
    root = tmp_path / "data"
    rows = []
    for seed in range(24):
        name = f"{('train', 'validation')[seed % 4 == 3]}/{('cat', 'dog')[seed % 2]}/{seed}.png"
        save(scene(seed), root / name)
        rows.append({"file": name, "person": f"p{seed}", "source": "home"})
    write_table(root, rows)
    save(scene(0).resize((60, 60)), root / "validation/cat/copy.png")
    (root / "train/dog/broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return root


def test_the_gate_closes_for_what_it_names(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(data), "--no-network", "--fail-on", "leakage,corrupt"]) == 1
    assert "Found, and named by --fail-on: leakage, corrupt" in capsys.readouterr().out
    assert main(["check", str(data), "--no-network", "--fail-on", "conflict"]) == 0


def test_what_is_not_looked_for_is_not_found_to_be_none(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, facts = tmp_path / "report.html", tmp_path / "report.json"
    assert main(["check", str(data), "--no-network", "--html", str(page), "--json", str(facts)]) == 0
    counts = json.loads(facts.read_text())["counts"]
    assert [kind for kind, count in counts.items() if count is None] == ["mislabelled", "outlier"]
    assert re.search("mislabelled +- +not looked for: the network was not asked", capsys.readouterr().out)
    assert "outlier: not looked for, as the network was not asked" in page.read_text()


def test_a_class_of_one_photo_and_its_copies_is_why_some_is_not_looked_for(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        save(scene(99).resize((80 + number, 80 + number)), data / "train/emu" / f"{number}.png")
    page, facts = tmp_path / "report.html", tmp_path / "report.json"
    assert main(["check", str(data), "--html", str(page), "--json", str(facts)]) == 0
    document = json.loads(facts.read_text())
    assert [kind for kind, count in document["counts"].items() if count is None] == [
        "mislabelled",
        "shortcut",
    ]
    assert document["shortcuts"] is None and "Shortcuts: how well" not in page.read_text()
    why = "all photos of emu are of one person or look alike"
    assert re.search(f"shortcut +- +not looked for: {why}", capsys.readouterr().out)
    assert f"mislabelled: not looked for, as {why}" in page.read_text()
    assert main(["check", str(data), "--no-network", "--fail-on", "shortcut"]) == 2
    assert f"look for shortcut, named by --fail-on. Received: {why}." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("mislabelled", "all photos of cat, dog are of one person or look alike"),
        ("outlier", "there are fewer than 20 photos"),
    ],
)
def test_a_gate_without_what_it_takes_stays_closed(
    data: Path, tmp_path: Path, kind: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(data), "--no-network", "--fail-on", f"corrupt,{kind}"]) == 2
    assert f"Expected --fail-on without {kind} where --no-network is given" in capsys.readouterr().err
    few = tmp_path / "few"
    for name in ("cat", "dog"):
        save(scene(len(name)), few / name / "0.png")
    assert main(["check", str(few), "--fail-on", kind]) == 2
    assert f"to look for {kind}, named by --fail-on. Received: {why}." in capsys.readouterr().err


def test_an_unknown_kind_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(data), "--fail-on", "leaks"]) == 2
    assert f"Expected kinds of {', '.join(KINDS)} for --fail-on. Received: leaks" in capsys.readouterr().err


@pytest.mark.parametrize("nothing", ["", " , "])
def test_a_gate_that_names_nothing_is_refused(
    data: Path, nothing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(data), "--no-network", "--fail-on", nothing]) == 2
    assert f"Expected kinds of {', '.join(KINDS)} for --fail-on. Received: none" in capsys.readouterr().err


@pytest.mark.parametrize("side", ["-1", "x"])
def test_a_side_that_is_no_number_is_refused(
    data: Path, side: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["check", str(data), "--no-network", f"--min-side={side}"])
    assert f"expected a number of pixels. Received: {side}." in capsys.readouterr().err


def test_a_folder_without_photos_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path), "--no-network"]) == 2
    assert "Expected photos in folders named after their classes" in capsys.readouterr().err


def test_a_class_in_place_of_the_folder_above_is_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(scene(1), tmp_path / "0.png")
    assert main(["check", str(tmp_path), "--no-network"]) == 2
    assert "photos beside them; give the folder above if this is a class" in capsys.readouterr().err


@pytest.mark.parametrize("who", ["people", "photos"])
def test_with_the_network_json_and_report(
    data: Path, tmp_path: Path, who: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if who == "photos":  # as where nobody is named
        (data / "labels.csv").unlink()
    before = sorted((path, path.stat().st_mtime_ns) for path in data.rglob("*"))
    page, facts = tmp_path / "report.html", tmp_path / "report.json"
    assert main(["check", str(data), "--html", str(page), "--json", str(facts)]) == 0
    document = json.loads(facts.read_text())
    assert document["photos"] == 25
    assert document["counts"]["corrupt"] == 1 and document["counts"]["leakage"] == 1
    leak = next(item for item in document["findings"] if item["kind"] == "leakage")
    assert leak["files"] == ["validation/cat/copy.png", "train/cat/0.png"]
    probe = document["probe"]
    assert 0 <= probe["balanced_accuracy"] <= 1
    printed = capsys.readouterr().out
    said = f"reaches {probe['balanced_accuracy']:.0%} balanced accuracy on {who} it has not seen"
    assert f"A linear probe on frozen features {said}" in printed
    wrong, doubted = probe["estimated_wrong_labels"], document["counts"]["mislabelled"]
    listed = f"the {doubted} most doubtful are listed" if doubted else "none stands out"
    assert f"about {wrong} labels are estimated to be wrong; {listed}." in printed
    html = page.read_text()
    assert said in html and f"small decision tree on {who} it has not seen" in html
    assert not re.search(r"(src|href)=\"(?!data:|#)", html) and "<script" not in html
    assert html.count("data:image/jpeg;base64,") >= 4
    assert sorted((path, path.stat().st_mtime_ns) for path in data.rglob("*")) == before


def test_names_are_escaped_in_the_report(data: Path, tmp_path: Path) -> None:
    save(scene(1), data / "train/dog/<b>x.png")
    page = tmp_path / "report.html"
    assert main(["check", str(data), "--no-network", "--html", str(page)]) == 0
    assert "<b>x" not in page.read_text() and "&lt;b&gt;x" in page.read_text()


def test_a_report_does_not_wait_for_the_end_of_a_pipe(data: Path, tmp_path: Path) -> None:
    os.mkfifo(data / "train/dog/pipe.png")
    options = ["--no-network", "--html", str(tmp_path / "page.html")]
    call = [sys.executable, "-m", "training", "check", str(data), *options]
    subprocess.run(call, cwd=Path(__file__).parents[3], timeout=120, capture_output=True, check=True)
    assert "no file, but a pipe or a device" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_photos_of_iphones_are_to_be_saved_as_jpeg(data: Path, tmp_path: Path) -> None:
    (data / "train/cat/IMG_1.HEIC").write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
    page = tmp_path / "report.html"
    assert main(["check", str(data), "--no-network", "--html", str(page)]) == 0
    section = re.search('<section id="corrupt">.*?</section>', page.read_text(), re.DOTALL)
    assert section is not None
    assert "Save HEIC photos as JPEG; fetch other files again, or delete them." in section[0]
    assert "a HEIC photo, as iPhones take them; save it as JPEG." in section[0]
