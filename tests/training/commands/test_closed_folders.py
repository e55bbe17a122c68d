"""Folders that may not be read are named by every command that looks for photos in them."""

import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.training.checks.pictures import save, scene
from tests.users import closed_to_us, ordinary_user
from training.__main__ import main
from training.measuring.prediction import find_files, find_pictures


@pytest.fixture
def folder() -> Iterator[Path]:
    """Photos in two folders, which others may enter, as they may not pytest's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "photos")
        for file in ("a/0.png", "b/0.png"):
            save(scene(0), folder / file)
        Path(name).chmod(0o777)
        folder.chmod(0o777)
        yield folder


@pytest.mark.parametrize(
    "call",
    [
        ["crop", "photos", "--out", "out", "--processes", "257"],
        ["sort", "photos", "out"],
        ["label", "photos"],
    ],
)
def test_what_is_in_a_closed_folder_is_not_passed_over(
    folder: Path, call: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command ends soon after it has told, for want of something else."""
    monkeypatch.chdir(folder.parent)
    import_module(f"training.commands.{call[0]}")  # before: Python's own files may be out of reach
    with closed_to_us(folder / "b"):
        assert main(call) == 2
    assert "left out, a folder that may not be read: photos/b\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    "call",
    [
        ["crop", "photos", "--out", "out"],
        ["sort", "photos", "out"],
        ["label", "photos", "--classes", "a,b"],
        ["check", "photos", "--no-network"],
        ["split", "photos", "out"],
        ["fit", "photos", "--out", "out", "--cache", "features"],
    ],
)
def test_a_closed_folder_of_photos_is_named_itself(
    folder: Path, call: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    import_module(f"training.commands.{call[0]}")  # before: Python's own files may be out of reach
    with closed_to_us(folder):
        assert main(call) == 2
    said = "Expected a folder of photos that may be read. Received: photos, which may not.\n"
    assert capsys.readouterr().err == f"python -m training: {said}"


def test_a_folder_whose_files_may_only_be_listed_stops_no_other(folder: Path) -> None:
    (folder / "b").chmod(0o444)
    with ordinary_user():
        found = find_pictures([folder]), find_files([folder])
    assert found == ([folder / "a" / "0.png"], [folder / "a" / "0.png", folder / "b"])
