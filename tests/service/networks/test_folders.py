import tempfile
from pathlib import Path

import pytest

from service.errors import InvalidBundle
from service.networks import bundle, folders
from tests.bundles import metadata, write_bundle
from tests.users import closed_to_us


def test_the_highest_version_wins(tmp_path: Path) -> None:
    for version in (2, 10, 9):
        write_bundle(tmp_path, metadata(version=version))
    (tmp_path / "colours" / "11").mkdir()
    (tmp_path / "colours" / "backup").mkdir()
    assert folders.versions(tmp_path / "colours") == [2, 9, 10]
    assert folders.newest(tmp_path, "colours") == tmp_path / "colours" / "10"


def test_names_of_all_bundles(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    write_bundle(tmp_path, metadata(name="another"))
    (tmp_path / "empty").mkdir()
    assert folders.names(tmp_path) == ["another", "colours"]


def test_no_models_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match="Expected a folder of models"):
        folders.names(tmp_path / "nowhere")


def test_no_such_model(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match="python -m training fit"):
        folders.newest(tmp_path, "colours")


@pytest.mark.parametrize("place", ["nowhere", "file"])
def test_no_folder_with_the_model(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InvalidBundle, match=f"no folder .*{place}: SERVICE_MODELS says where models are"):
        folders.newest(tmp_path / place, "colours")


def test_what_is_there_in_place_of_a_model_is_named(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    write_bundle(tmp_path, metadata(name="another"))
    with pytest.raises(InvalidBundle, match="What is there is another, colours: SERVICE_MODEL says which"):
        folders.newest(tmp_path, "eye-shape")


def test_a_folder_that_may_not_be_read_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        models, version = Path(name), write_bundle(Path(name))
        models.chmod(0o755)
        with closed_to_us(version.parent), pytest.raises(InvalidBundle, match="colours: .*user may read"):
            folders.newest(models, "colours")
        with closed_to_us(version), pytest.raises(InvalidBundle, match="colours/1: .*user may read"):
            bundle.load(folders.newest(models, "colours"))


def test_a_volume_may_have_a_folder_of_its_own_that_nobody_may_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        models = Path(name)
        write_bundle(models)
        models.chmod(0o755)
        (models / "lost+found").mkdir()
        with closed_to_us(models / "lost+found"):
            assert folders.names(models) == ["colours"]
