"""Lone inferences and inferences side by side, on real sessions."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

from service.errors import InvalidBundle
from service.networks import lone
from service.networks.classifier import INPUT, OUTPUT
from service.networks.lone import LoneSession
from service.networks.runtime import Runtime

PATIENCE_SECONDS = 30.0
PIXELS = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)


class Counted:
    """A real session that counts its inferences; `meanwhile` happens in the middle of each."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.runs = 0
        self.meanwhile: Callable[[], None] = lambda: None

    def run(self, *arguments: Any) -> Any:
        self.runs += 1
        self.meanwhile()
        return self.session.run(*arguments)


@pytest.fixture
def path(models: Path) -> Path:
    return models / "colours" / "1" / "model.onnx"


@pytest.fixture
def one(path: Path) -> Counted:
    return Counted(Runtime(1).open(path))


@pytest.fixture
def helped(path: Path) -> Counted:
    return Counted(Runtime(2).open(path))


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lone, "CALM_SECONDS", 0.0)


def ask(session: LoneSession) -> Any:
    return session.run([OUTPUT], {INPUT: PIXELS})[0]


def opened(session: LoneSession) -> LoneSession:
    """The session once it has opened the other one."""
    ask(session)
    for thread in threading.enumerate():
        if thread.name == lone.THREAD:
            thread.join(PATIENCE_SECONDS)
    return session


def test_a_lone_inference_is_helped_once_the_session_for_it_is_open(one: Counted, helped: Counted) -> None:
    session = opened(LoneSession(one, lambda: helped))
    answers = [ask(session) for _ in range(3)]
    assert (one.runs, helped.runs) == (1, 3)
    np.testing.assert_array_equal(answers, [one.session.run([OUTPUT], {INPUT: PIXELS})[0]] * 3)


def test_side_by_side_each_has_one_thread(one: Counted, helped: Counted) -> None:
    session = opened(LoneSession(one, lambda: helped))
    helped.meanwhile = lambda: (ask(session), ask(session), None)[2]
    ask(session)
    assert (one.runs, helped.runs) == (3, 1)


def test_a_moment_after_inferences_side_by_side_none_is_helped(
    one: Counted, helped: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(lone, "time", SimpleNamespace(monotonic=lambda: clock.now))
    session = opened(LoneSession(one, lambda: helped))
    monkeypatch.setattr(lone, "CALM_SECONDS", 0.1)
    clock.now += 1.0
    helped.meanwhile = lambda: (ask(session), None)[1]
    ask(session)
    assert (one.runs, helped.runs) == (2, 1)
    helped.meanwhile = lambda: None
    clock.now += 0.09
    ask(session)
    assert (one.runs, helped.runs) == (3, 1)
    clock.now += 0.02
    ask(session)
    assert (one.runs, helped.runs) == (3, 2)


def test_a_moment_after_it_is_loaded_nothing_more_is_opened(
    one: Counted, helped: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lone, "CALM_SECONDS", PATIENCE_SECONDS)
    opens: list[Counted] = []

    def open_helped() -> Counted:
        opens.append(helped)
        return helped

    session = opened(LoneSession(one, open_helped))
    ask(session)
    assert (one.runs, opens) == (2, [])


def test_both_sessions_are_of_the_file_that_was_loaded(path: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(path, tmp_path))
    session = Runtime(2, adaptive=True).open(copy, light=True)
    copy.write_bytes(b"another file")
    before = ask(session)
    opened(session)
    np.testing.assert_array_equal(ask(session), before)
    assert session._helped is not None


def test_where_no_thread_can_start_one_thread_goes_on(
    one: Counted, helped: Counted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    session = LoneSession(one, lambda: helped)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    for _ in range(3):
        ask(session)
    assert (one.runs, helped.runs) == (3, 0)
    assert [record.getMessage() for record in caplog.records] == ["lone inferences use one thread"]


def test_where_it_cannot_be_opened_again_one_thread_goes_on(
    path: Path, one: Counted, caplog: pytest.LogCaptureFixture
) -> None:
    gone = path.with_name("gone.onnx")
    session = opened(LoneSession(one, lambda: Runtime(2).open(gone)))
    for _ in range(3):
        ask(session)
    assert one.runs == 4
    (record,) = caplog.records
    assert record.getMessage() == "lone inferences use one thread"
    assert str(gone) in vars(record)["reason"]


def test_what_is_wrong_with_a_question_is_an_error_and_nobody_runs_after_it(
    one: Counted, helped: Counted
) -> None:
    session = opened(LoneSession(one, lambda: helped))
    for _ in range(3):
        with pytest.raises(Exception, match="(?i)dimension|shape|rank"):
            session.run([OUTPUT], {INPUT: PIXELS[0]})
    ask(session)
    assert (one.runs, helped.runs) == (1, 4)


@pytest.mark.parametrize(("others", "helped_runs"), [(-1, 0), (0, 3), (1, 3), (2, 0)])
def test_what_other_processes_do_counts_too(
    one: Counted, helped: Counted, others: int, helped_runs: int
) -> None:
    """-1 is nobody: the service itself asks, before there are processes."""
    busy = 0
    session = opened(LoneSession(one, lambda: helped, few=2, others=lambda: busy))
    busy = others
    for _ in range(3):
        ask(session)
    assert (one.runs, helped.runs) == (4 - helped_runs, helped_runs)


def test_before_the_service_asks_no_second_session_is_opened(one: Counted, helped: Counted) -> None:
    opens: list[Counted] = []

    def open_helped() -> Counted:
        opens.append(helped)
        return helped

    session = LoneSession(one, open_helped, others=lambda: -1)
    for _ in range(3):
        opened(session)
    assert (one.runs, opens) == (3, [])


def test_sessions_that_are_forked_have_no_threads(path: Path) -> None:
    """Counted in a process of its own, where no other test's threads come and go."""
    code = (
        "import os, sys; from pathlib import Path; from service.networks.runtime import Runtime\n"
        "from tests.gates import eventually; from tests.service.networks import test_lone as test\n"
        "test.lone.CALM_SECONDS = 0.0\n"
        "count = lambda: len(os.listdir('/proc/self/task'))\n"
        "before = count()\n"
        "session = Runtime(4, adaptive=True, others=lambda: 0).open(Path(sys.argv[1]))\n"
        "opened = count(); test.ask(test.opened(session))\n"
        "eventually(lambda: count() - before <= 3)\n"  # the thread that opened it ends a little later
        "print(type(session).__name__, opened - before, count() - before)"
    )
    told = subprocess.check_output([sys.executable, "-c", code, str(path)], text=True)
    assert told == "LoneSession 0 3\n"


def test_a_crowd_gets_the_right_answers(path: Path) -> None:
    session = Runtime(2, adaptive=True).open(path, light=True)
    assert isinstance(session, LoneSession)
    plain = Runtime(1).open(path)
    pictures = [np.full((1, 32, 32, 3), level, np.uint8) for level in range(80)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda picture: session.run([OUTPUT], {INPUT: picture})[0], pictures))
    for answer, picture in zip(answers, pictures, strict=True):
        np.testing.assert_array_equal(answer, plain.run([OUTPUT], {INPUT: picture})[0])


def test_one_cpu_and_threads_that_someone_has_set_need_none_of_this(path: Path) -> None:
    for runtime in (Runtime(1, adaptive=True), Runtime(2)):
        assert isinstance(runtime.open(path, light=True), onnxruntime.InferenceSession)


def test_a_file_that_cannot_be_opened_is_told_at_once(path: Path) -> None:
    with pytest.raises(InvalidBundle, match="expected an ONNX file"):
        Runtime(2, adaptive=True).open(path.with_name("gone.onnx"), light=True)
