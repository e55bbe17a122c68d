import asyncio
import errno
import json
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from service import rejections, reload
from service.errors import InvalidBundle
from service.models import ModelStore
from service.predictor import Predictor
from service.reload import Outcome, Reloader, locators, models_of
from service.runtime import Runtime
from service.settings import Settings
from tests.bundles import metadata, write_bundle
from tests.gates import eventually
from tests.processes import running
from tests.uploads import picture

LOCATOR = Path(__file__).parents[2] / "models/eye-locator/1"


class Watched:
    """A store with one model, and a reloader that looks when it is told to."""

    def __init__(self, folder: Path, wanted: str = "colours") -> None:
        self.folder = folder
        write_bundle(folder)
        self.store = ModelStore.load(folder, wanted, Runtime(1))
        self.outcomes: list[Outcome] = []
        self.kind = models_of(self.store, folder, wanted, Runtime(1))
        self.reloader = Reloader(self.store, [self.kind], self.outcomes.append)

    def check_before_loading(self, check: Callable[[Path], None]) -> None:
        """Let `check` raise where a version cannot be loaded."""

        def load(folder: Path) -> Any:
            check(folder)
            return self.kind.load(folder)

        self.reloader = Reloader(self.store, [replace(self.kind, load=load)], self.outcomes.append)

    def look_twice(self) -> int | None:
        self.reloader.look()
        self.reloader.look()
        return self.store.version("colours")


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


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


def test_a_new_eye_locator_is_served_and_a_bad_one_is_not(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    store = ModelStore.load(tmp_path, "colours", Runtime(1))
    predictor = Predictor(store, Settings(models=tmp_path))
    reloader = Reloader(store, [locators(predictor, tmp_path / "eye-locator", Runtime(1))])
    shutil.copytree(LOCATOR, tmp_path / "eye-locator" / "1")
    reloader.look()
    assert predictor.locator is None
    reloader.look()
    assert predictor.locator is not None and predictor.locator.version == 1
    bad = tmp_path / "eye-locator" / "2"
    shutil.copytree(LOCATOR, bad)
    document = json.loads((bad / "locator.json").read_text())
    document["golden"]["corners"]["left"][0][0] += 20
    (bad / "locator.json").write_text(json.dumps(document))
    reloader.look()
    reloader.look()
    assert predictor.locator.version == 1
    assert "are off by" in store.rejected[bad]


def test_the_watch_survives_the_unexpected(caplog: pytest.LogCaptureFixture, watched: Watched) -> None:
    async def scenario() -> None:
        second_look = asyncio.Event()
        loop = asyncio.get_running_loop()
        looks: list[int] = []

        def explode() -> list[Path]:
            looks.append(1)
            if len(looks) == 2:
                loop.call_soon_threadsafe(second_look.set)
            raise RuntimeError("a bug")

        kind = replace(models_of(watched.store, watched.folder, "colours", Runtime(1)), folders=explode)
        task = asyncio.create_task(Reloader(watched.store, [kind]).watch(0.001))
        await second_look.wait()
        task.cancel()

    with caplog.at_level(logging.ERROR, "service"):
        asyncio.run(scenario())
    assert caplog.records[0].getMessage() == "looking for new models failed"


def test_a_look_that_never_ends_is_told_once_and_holds_up_no_end(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reload, "SLOW_SECONDS", 0.01)
    monkeypatch.setattr(reload, "LAST_SECONDS", 0.01)
    release = threading.Event()

    def hang() -> list[Path]:
        release.wait()
        return []

    async def scenario() -> None:
        task = asyncio.create_task(Reloader(watched.store, [kind]).watch(0.001))
        while not caplog.records:
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])

    kind = replace(watched.kind, folders=hang)
    running = threading.Thread(target=lambda: asyncio.run(scenario()), daemon=True)
    running.start()
    running.join(30)
    ended = not running.is_alive()
    release.set()
    assert ended
    assert [record.getMessage() for record in caplog.records] == ["looking for new models takes long"]


def test_a_look_that_has_begun_is_finished(watched: Watched) -> None:
    began, release, finished = (threading.Event() for _ in range(3))

    def look() -> list[Path]:
        began.set()
        release.wait(30)
        finished.set()
        return []

    async def scenario() -> None:
        task = asyncio.create_task(Reloader(watched.store, [kind]).watch(0.001))
        while not began.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.sleep(0.001)
        assert not task.done()
        release.set()
        await asyncio.wait([task])
        assert finished.is_set()

    kind = replace(watched.kind, folders=look)
    asyncio.run(scenario())


def test_a_swap_under_load_loses_no_request(tmp_path: Path) -> None:
    write_bundle(tmp_path / "models")
    seen: list[tuple[int, int]] = []
    stop, answered = threading.Event(), threading.Semaphore(0)

    def ask(client: httpx.Client) -> None:
        while not stop.is_set():
            response = client.post("/v1/classify", files={"image": picture("JPEG", (600, 400))})
            seen.append((response.status_code, response.json()["model"]["version"]))
            answered.release()

    with (
        running(tmp_path / "models", waiting=50, reload_seconds=0.05) as (_, address),
        httpx.Client(base_url=address) as client,
        ThreadPoolExecutor() as pool,
    ):
        clients = [pool.submit(ask, client) for _ in range(3)]
        try:
            assert all(answered.acquire(timeout=30) for _ in range(9))
            fresh = write_bundle(tmp_path / "made", metadata(version=2))
            fresh.rename(tmp_path / "models" / "colours" / "2")
            eventually(lambda: client.get("/health").json()["models"][0]["version"] == 2)
            bad = write_bundle(tmp_path / "made", metadata(version=3), golden=(0.2, 0.2, 0.6))
            bad.rename(tmp_path / "models" / "colours" / "3")
            eventually(lambda: bool(client.get("/health").json()["rejected"]))
            assert all(answered.acquire(timeout=30) for _ in range(9))
        finally:
            stop.set()
        for asking in clients:
            asking.result()
        health = client.get("/health").json()
        metrics = client.get("/metrics").text
    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == {1, 2}
    assert health["models"] == [{"name": "colours", "version": 2}]
    assert health["rejected"] == [{"name": "colours", "version": 3}]
    assert 'service_model_reloads_total{outcome="rejected"} 1.0' in metrics
    assert 'service_model{name="colours",sha256="' in metrics
    assert 'version="2"} 1.0' in metrics
