import errno
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from service.errors import InvalidBundle
from service.lifecycle import rejections
from tests.bundles import metadata, write_bundle
from tests.service.watched import Watched
from tests.users import ordinary_user


@pytest.fixture(autouse=True)
def without_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejections, "STILL_SECONDS", 0.0)


def test_a_new_version_is_served_once_its_files_are_still(watched: Watched) -> None:
    old = watched.store.get(None)
    write_bundle(watched.folder, metadata(version=2))
    watched.reloader.look()
    assert watched.store.version("colours") == 1
    watched.reloader.look()
    assert watched.store.version("colours") == 2
    assert watched.store.get(None) is not old
    assert old.metadata.version == 1
    assert watched.outcomes == ["loaded"]


def test_a_bad_version_is_reported_once_and_the_old_one_stays(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_bundle(watched.folder, metadata(version=2), golden=(0.2, 0.2, 0.6))
    with caplog.at_level(logging.ERROR, "service"):
        assert watched.look_twice() == 1
        assert watched.look_twice() == 1
    (record,) = caplog.records
    assert record.getMessage() == "new model version rejected"
    assert "differs by" in vars(record)["reason"]
    assert list(watched.store.rejected) == [folder]
    assert watched.outcomes == ["rejected"]


def cut_off(folder: Path) -> None:
    model = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(model[: len(model) // 2])


def without_golden(folder: Path) -> None:
    shutil.rmtree(folder / "golden")


@pytest.mark.parametrize("spoil", [cut_off, without_golden])
def test_a_copy_that_stalls_is_not_rejected(
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[Path], None],
) -> None:
    monkeypatch.setattr(rejections, "STILL_SECONDS", 30.0)
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    whole = write_bundle(watched.folder / "made", metadata(version=2))
    copy = watched.folder / "colours" / "2"
    shutil.copytree(whole, copy)
    spoil(copy)
    with caplog.at_level(logging.INFO, "service"):
        assert watched.look_twice() == 1
        now += 29
        assert watched.look_twice() == 1
    assert [record.getMessage() for record in caplog.records] == ["new model version is not complete, or bad"]
    assert (watched.outcomes, watched.store.rejected) == ([], {})
    shutil.copytree(whole, copy, dirs_exist_ok=True)
    assert watched.look_twice() == 2
    assert watched.outcomes == ["loaded"]


@pytest.mark.parametrize("spoil", [cut_off, without_golden])
def test_a_copy_that_has_ended_too_soon_is_rejected_in_the_end(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(rejections, "STILL_SECONDS", 30.0)
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    spoil(write_bundle(watched.folder, metadata(version=2)))
    for _ in range(3):
        assert watched.look_twice() == 1
        now += 30
    assert watched.outcomes == ["rejected"]
    assert len(watched.store.rejected) == 1


def test_a_bad_version_that_was_mended(watched: Watched) -> None:
    folder = write_bundle(watched.folder, metadata(version=2), golden=(0.2, 0.2, 0.6))
    assert watched.look_twice() == 1
    shutil.rmtree(folder)
    write_bundle(watched.folder, metadata(version=2))
    assert watched.look_twice() == 2
    assert watched.store.rejected == {}


def test_a_bad_version_whose_files_may_be_read_now(watched: Watched) -> None:
    def check(folder: Path) -> None:
        if not (folder / "model.onnx").stat().st_mode & 0o004:
            raise InvalidBundle("expected a file that this user may read")

    watched.check_before_loading(check)
    model = write_bundle(watched.folder, metadata(version=2)) / "model.onnx"
    model.chmod(0o600)
    assert watched.look_twice() == 1
    model.chmod(0o644)
    assert watched.look_twice() == 2


@pytest.mark.parametrize("rights", [0o000, 0o444])
def test_a_version_that_may_not_be_read_is_rejected_and_hides_no_other(rights: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        watched = Watched(Path(name))
        watched.folder.chmod(0o755)
        write_bundle(watched.folder, metadata(version=2))
        closed = write_bundle(watched.folder, metadata(version=3))
        closed.chmod(rights)
        with ordinary_user():
            assert watched.look_twice() == 1
            assert watched.look_twice() == 2
        reason = f"{closed}: expected a folder that this user may read. Received: Permission denied."
        assert watched.store.rejected == {closed: reason}
        assert watched.outcomes == ["rejected", "loaded"]
        closed.chmod(0o755)
        with ordinary_user():
            assert watched.look_twice() == 3


def out_of_files() -> None:
    raise OSError(errno.EMFILE, "Too many open files")


def out_of_memory() -> None:
    raise MemoryError


def out_of_files_inside() -> None:
    try:
        out_of_files()
    except OSError as error:
        raise InvalidBundle(str(error)) from None


@pytest.mark.parametrize("fail", [out_of_files, out_of_memory, out_of_files_inside])
def test_a_reason_that_passes(watched: Watched, fail: Callable[[], None]) -> None:
    looks = iter((True, True, False))
    watched.check_before_loading(lambda folder: fail() if next(looks) else None)
    write_bundle(watched.folder, metadata(version=2))
    assert watched.look_twice() == 1
    watched.reloader.look()
    assert watched.outcomes == ["rejected"]
    assert len(watched.store.rejected) == 1
    watched.reloader.look()
    assert watched.store.version("colours") == 2
    assert watched.store.rejected == {}


def missing(folder: Path) -> None:
    raise FileNotFoundError(errno.ENOENT, "No such file or directory")


def damaged(folder: Path) -> None:
    raise InvalidBundle("damaged") from OSError("image file is truncated")


@pytest.mark.parametrize("fail", [missing, damaged])
def test_a_bad_version_is_tried_again_after_some_minutes(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, fail: Callable[[Path], None]
) -> None:
    tried: list[Path] = []

    def check(folder: Path) -> None:
        tried.append(folder)
        fail(folder)

    watched.check_before_loading(check)
    write_bundle(watched.folder, metadata(version=2))
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    watched.look_twice()
    now += rejections.RETRY_SECONDS - 1
    watched.look_twice()
    assert len(tried) == 1
    now += 1
    watched.look_twice()
    assert len(tried) == 2
    assert watched.outcomes == ["rejected"]


def test_a_file_that_is_no_model(watched: Watched) -> None:
    folder = watched.folder / "colours" / "2"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"half a copy")
    assert watched.look_twice() == 1
    assert "cannot load this file" in watched.store.rejected[folder]


def test_a_model_that_fails_when_it_is_asked(watched: Watched) -> None:
    folder = write_bundle(watched.folder, metadata(version=2))
    model = onnx.load(folder / "model.onnx")
    axes = next(node for node in model.graph.initializer if node.name == "axes")
    axes.CopyFrom(numpy_helper.from_array(np.array([9, 9], dtype=np.int64), "axes"))
    onnx.save(model, folder / "model.onnx")
    assert watched.look_twice() == 1
    assert list(watched.store.rejected) == [folder]


def test_the_best_that_can_be_served_is_served(watched: Watched) -> None:
    write_bundle(watched.folder, metadata(version=2))
    write_bundle(watched.folder, metadata(version=3), golden=(0.2, 0.2, 0.6))
    assert watched.look_twice() == 1
    assert watched.look_twice() == 2


def test_a_version_that_was_taken_back(watched: Watched) -> None:
    folder = write_bundle(watched.folder, metadata(version=2))
    assert watched.look_twice() == 2
    shutil.rmtree(folder)
    assert watched.look_twice() == 1


def test_a_folder_that_disappears_changes_nothing(watched: Watched) -> None:
    shutil.rmtree(watched.folder)
    assert watched.look_twice() == 1


def test_all_models_of_a_folder(tmp_path: Path) -> None:
    watched = Watched(tmp_path, wanted="*")
    write_bundle(tmp_path, metadata(name="another"))
    watched.look_twice()
    assert [bundle.metadata.name for bundle in watched.store] == ["colours", "another"]
    assert watched.store.default == "colours"
    shutil.rmtree(tmp_path)
    assert watched.look_twice() == 1


def unreadable(folder: Path) -> Iterator[Path]:
    raise PermissionError(errno.EACCES, "Permission denied", str(folder))


@pytest.mark.parametrize("wanted", ["another,colours", "*"])
def test_a_folder_that_may_not_be_read_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, wanted: str
) -> None:
    write_bundle(tmp_path, metadata(name="another"))
    watched = Watched(tmp_path, wanted)
    rejected = write_bundle(tmp_path, metadata(name="another", version=2), golden=(0.2, 0.2, 0.6))
    watched.look_twice()
    write_bundle(tmp_path, metadata(version=2))
    read, ask = Path.iterdir, Path.exists

    def iterdir(path: Path) -> Iterator[Path]:
        return unreadable(path) if path.name == "another" else read(path)

    def exists(path: Path) -> bool:
        return bool(unreadable(path)) if path == rejected else ask(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    monkeypatch.setattr(Path, "exists", exists)
    assert watched.look_twice() == 2
    assert list(watched.store.rejected) == [rejected]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert {record.getMessage() for record in warnings} == {"cannot look for new models"}
