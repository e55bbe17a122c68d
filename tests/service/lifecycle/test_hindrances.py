"""What keeps from looking for new models, and what is told of it."""

import logging
import shutil
import tempfile
from pathlib import Path

import pytest

from service.lifecycle import rejections
from tests.bundles import metadata, write_bundle
from tests.service.watched import Watched
from tests.users import closed_to_us


def test_a_folder_of_the_file_systems_own_keeps_nobody_from_looking(caplog: pytest.LogCaptureFixture) -> None:
    with tempfile.TemporaryDirectory() as name:
        watched = Watched(Path(name), wanted="*")
        watched.folder.chmod(0o755)
        (watched.folder / "lost+found").mkdir()
        with caplog.at_level(logging.WARNING, "service"), closed_to_us(watched.folder / "lost+found"):
            assert watched.look_twice() == 1
    assert caplog.records == []


def test_what_keeps_from_looking_is_told_once_each_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(tmp_path / "models", wanted="*")
    elsewhere = tmp_path / "elsewhere"
    for told in (1, 2):
        watched.folder.rename(elsewhere)
        watched.look_twice()
        assert [record.getMessage() for record in caplog.records] == ["cannot look for new models"] * told
        elsewhere.rename(watched.folder)
        assert watched.look_twice() == 1


def test_a_version_that_is_taken_away_while_it_loads_is_not_rejected(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rejections, "STILL_SECONDS", 0.0)
    write_bundle(watched.folder, metadata(version=2))
    watched.check_before_loading(shutil.rmtree)
    with caplog.at_level(logging.WARNING, "service"):
        assert watched.look_twice() == 1
    assert (caplog.records, watched.outcomes, watched.store.rejected) == ([], [], {})
