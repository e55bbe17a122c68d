"""Looking again and again while requests are answered: what goes on, what ends, and what is told."""

import asyncio
import gc
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from service.lifecycle import reload
from service.lifecycle.reload import Reloader
from tests.bundles import metadata, write_bundle
from tests.gates import eventually
from tests.processes import running
from tests.service.watched import Watched
from tests.several import patched
from tests.uploads import picture


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

        kind = replace(watched.kind, folders=explode)
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


def test_a_look_that_nobody_waits_for_any_more_is_not_told_when_it_fails(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    began, release = threading.Event(), threading.Event()

    def explode() -> list[Path]:
        began.set()
        release.wait(30)
        raise RuntimeError("a bug")

    async def scenario() -> None:
        task = asyncio.create_task(Reloader(watched.store, [kind]).watch(0.001))
        while not began.is_set():
            await asyncio.sleep(0.001)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.001)
        assert task.done()
        release.set()
        for thread in threading.enumerate():
            if thread.name == "reload":
                thread.join(30)
        await asyncio.sleep(0.001)

    kind = replace(watched.kind, folders=explode)
    asyncio.run(scenario())
    gc.collect()
    assert [record.getMessage() for record in caplog.records] == []


def test_a_swap_under_load_loses_no_request(tmp_path: Path) -> None:
    write_bundle(tmp_path / "models")
    seen: list[tuple[int, int]] = []
    stop, answered = threading.Event(), threading.Semaphore(0)
    impatient = patched("from service.lifecycle import rejections; rejections.STILL_SECONDS = 0")

    def ask(client: httpx.Client) -> None:
        while not stop.is_set():
            response = client.post("/v1/classify", files={"image": picture("JPEG", (600, 400))})
            seen.append((response.status_code, response.json()["model"]["version"]))
            answered.release()

    with (
        running(tmp_path / "models", code=impatient, waiting=50, reload_seconds=0.05) as (_, address),
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
