"""No command writes among the photos, or over a file that is not its own."""

import tempfile
from pathlib import Path

import pytest

from tests.bundles import write_bundle
from tests.training import folders
from tests.users import ordinary_user
from training.__main__ import main
from training.commands.outputs import check_file, check_pictures
from training.errors import TrainingError
from training.network.run_folders import PICTURES

MINE = b"drawn by hand"
PICTURE_OF = {"evaluate": "confusion-validation.png", "report": "confusion.png"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = folders.classes(tmp_path / "photos", count=3)
    (root / "labels.csv").write_text("file,person\nred/0.png,anna\n")
    return root


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("option", ["--html", "--json"])
@pytest.mark.parametrize("file", ["red/0.png", "labels.csv", "new.html"])
def test_check_writes_nothing_among_the_photos(
    data: Path, option: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(data)
    assert main(["check", str(data), "--no-network", option, str(data / file)]) == 2
    assert f"Expected {option} outside the photos' folder" in capsys.readouterr().err
    assert contents(data) == before


def test_check_writes_over_its_own_files_alone(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, facts = tmp_path / "page.html", tmp_path / "facts.json"
    page.touch()
    for _ in range(2):
        assert main(["check", str(data), "--no-network", "--html", str(page), "--json", str(facts)]) == 0
    page.write_text("<!doctype html><title>Mine</title>")
    facts.write_text('{"name": "mine"}')
    before = contents(tmp_path)
    for option, path in (("--html", page), ("--json", facts)):
        assert main(["check", str(data), "--no-network", option, str(path)]) == 2
        assert f"Expected {option} as a new file, or one that this command" in capsys.readouterr().err
    assert main(["check", str(data), "--no-network", "--html", str(tmp_path / "notes.txt")]) == 2
    assert "Expected --html as a file that ends in .html" in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_explain_leaves_the_picture_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, photo = write_bundle(tmp_path / "models"), folders.photo(tmp_path / "eye.png")
    linked = tmp_path / "eye.html"
    linked.symlink_to(photo)
    before = photo.read_bytes()
    for out, said in ((photo, "ends in .html"), (linked, "which holds something else")):
        assert main(["explain", str(model), str(photo), "--out", str(out)]) == 2
        assert said in capsys.readouterr().err
    assert photo.read_bytes() == before


@pytest.mark.parametrize("command", ["evaluate", "report"])
def test_measurements_are_not_written_among_the_photos(
    data: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_bundle(tmp_path / "models")
    assert main([command, str(model), str(data), "--out", str(data / "red")]) == 2
    assert "Expected --out outside the photos' folder" in capsys.readouterr().err
    assert len(list((data / "red").iterdir())) == 3


def test_a_report_is_not_written_over_another_page(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, page = write_bundle(tmp_path / "models"), tmp_path / "report.html"
    page.write_text("<title>Data set check: photos</title>")
    assert main(["report", str(model), str(data), "--out", str(tmp_path)]) == 2
    assert "which holds something else" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["quantize", "prune"])
def test_a_bundle_is_not_written_among_the_photos(
    data: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_bundle(tmp_path / "models")
    assert main([command, str(model), str(data), "--to", str(data / "red" / "1")]) == 2
    assert "Expected --to outside the photos' folder" in capsys.readouterr().err


def test_no_photo_is_robust_a_negative_number_of_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "model", "--out", str(tmp_path), "--robustness", "-1"]) == 2
    assert "Expected --robustness from 0. Received: -1" in capsys.readouterr().err


def measure(command: str, model: Path, data: Path, out: Path) -> int:
    fewer = ["--robustness", "0"] if command == "report" else []
    return main([command, str(model), str(data), "--out", str(out), *fewer])


@pytest.mark.parametrize(
    ("command", "name"),
    [("evaluate", PICTURE_OF["evaluate"]), ("evaluate", "evaluation-validation.json")]
    + [("report", f"{name}.png") for name in PICTURES]
    + [("report", "report.json"), ("report", "report.html")],
)
def test_measurements_are_not_written_over_what_is_not_theirs(
    data: Path, tmp_path: Path, command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = write_bundle(tmp_path / "models"), tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(b'{"model": "mine"}' if name.endswith(".json") else MINE)
    before = contents(tmp_path)
    assert measure(command, model, data, out) == 2
    printed = capsys.readouterr()
    assert "Expected --out as a new f" in printed.err and printed.err.count("\n") == 1
    assert printed.out == ""  # nothing was measured
    assert contents(tmp_path) == before


@pytest.mark.parametrize("command", list(PICTURE_OF))
def test_measurements_are_written_over_their_own(data: Path, tmp_path: Path, command: str) -> None:
    model, out = write_bundle(tmp_path / "models"), tmp_path / "out"
    for _ in range(2):
        assert measure(command, model, data, out) == 0
    drawn = {path.name for path in out.glob("*.png")}
    assert drawn <= {PICTURE_OF["evaluate"], *(f"{name}.png" for name in PICTURES)}
    for name in drawn:
        (out / name).write_bytes(MINE)
    assert measure(command, model, data, out) == 0
    assert MINE not in contents(out).values()


def test_pictures_in_the_folder_of_a_run_are_the_runs(tmp_path: Path) -> None:
    (tmp_path / "curves.png").write_bytes(MINE)
    (tmp_path / "config.json").write_text('{"mine": 1}')
    with pytest.raises(TrainingError, match=r"where curves\.png may be somebody else's"):
        check_pictures(tmp_path, ["confusion.png", "curves.png"])
    check_pictures(tmp_path, ["confusion.png"])
    (tmp_path / "config.json").write_text('{\n  "hyperparameters": {\n    "size": 160\n  }\n}\n')
    check_pictures(tmp_path, ["confusion.png", "curves.png"])


@pytest.mark.parametrize("command", list(PICTURE_OF))
def test_a_file_is_no_folder(
    data: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "notes.txt"
    out.write_bytes(MINE)
    assert measure(command, write_bundle(tmp_path / "models"), data, out) == 2
    assert f"Expected --out as a folder. Received: {out}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "option"),
    [
        (["evaluate", "MODEL", "missing", "--out", "OUT/new"], "--out"),
        (["report", "MODEL", "missing", "--out", "OUT/new"], "--out"),
        (["check", "missing", "--html", "OUT/page.html"], "--html"),
        (["check", "missing", "--json", "OUT/facts.json"], "--json"),
        (["explain", "MODEL", "missing.jpg", "--out", "OUT/page.html"], "--out"),
        (["split", "missing", "OUT/new"], "the copies"),
        (["sort", "missing", "OUT/new"], "the copies"),
    ],
)
def test_where_nothing_can_be_written_is_told_before_anything_is_read(
    tmp_path: Path, call: list[str], option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.write_bytes(MINE)
    model = str(write_bundle(tmp_path / "models"))
    assert main([word.replace("MODEL", model).replace("OUT", str(out)) for word in call]) == 2
    printed = capsys.readouterr()
    assert f"Expected a folder for {option} that can be written to. Received: {out}" in printed.err
    assert printed.err.endswith("(Not a directory).\n") and printed.out == ""


def test_a_file_that_may_not_be_written_over_is_told() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        for file, mode in (
            ("ours.json", 0o444),
            ("config.json", 0o444),
            ("curves.png", 0o444),
            ("a.json", 0o666),
        ):
            (folder / file).write_text('{\n  "hyperparameters": {')
            (folder / file).chmod(mode)
        said = r"Expected --out as a file that can be written\. Received: .*{} \(Permission denied\)"
        with ordinary_user():
            check_file(folder / "a.json", "--out", ".json", "hyper")
            with pytest.raises(TrainingError, match=said.format(r"ours\.json")):
                check_file(folder / "ours.json", "--out", ".json", "hyper")
            check_pictures(folder, ["confusion.png"])
            with pytest.raises(TrainingError, match=said.format(r"curves\.png")):
                check_pictures(folder, ["confusion.png", "curves.png"])
        assert (folder / "a.json").read_text() == '{\n  "hyperparameters": {'
