import multiprocessing
import sys
from typing import Any

import pytest

from service.machine import cpus
from service.processes import shares
from service.processes.shares import Share
from service.settings import Settings
from tests.several import ON_LINUX


@pytest.mark.parametrize(
    ("available", "settings", "wanted"),
    [
        (1, {}, 1),
        (2, {}, 2),
        (8, {}, 8),
        (64, {}, 16),
        (8, {"processes": 3}, 3),
        (8, {"processes": 3, "workers": 2}, 2),
        (8, {"workers": 2}, 2),
        (8, {"threads": 4}, 2),
        (8, {"threads": 16}, 1),
        (8, {"providers": "cuda,cpu"}, 1),
        (8, {"providers": "cuda,cpu", "processes": 2}, 2),
    ],
)
def test_how_many_processes(
    monkeypatch: pytest.MonkeyPatch, available: int, settings: dict[str, Any], wanted: int
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(cpus, "available", lambda: available)
    assert shares.processes(Settings(**settings)) == wanted


def test_one_process_where_fork_is_not_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(cpus, "available", lambda: 8)
    assert shares.processes(Settings()) == 1
    assert shares.processes(Settings(processes=4)) == 1


@pytest.mark.parametrize(
    ("settings", "can"),
    [({}, True), ({"threads": 1}, True), ({"threads": 2}, False), ({"providers": "cuda,cpu"}, False)],
)
def test_sessions_with_threads_cannot_be_shared(settings: dict[str, Any], can: bool) -> None:
    assert shares.can_share_sessions(Settings(**settings)) is can


@pytest.mark.parametrize(
    ("total", "parts"), [(3, [1, 1, 1]), (8, [3, 3, 2]), (1, [1, 1, 1]), (1024, [342, 341, 341])]
)
def test_parts_of_a_number(total: int, parts: list[int]) -> None:
    assert [share.of(total) for share in Share.all(3)] == parts


def _count(share: Share) -> None:
    share.inside.own += 2
    share.busy.own = 1


@ON_LINUX
def test_forked_processes_see_what_each_other_counts() -> None:
    everyone = Share.all(3)
    first, second, third = everyone
    context = multiprocessing.get_context("fork")
    for share in everyone[:2]:
        process = context.Process(target=_count, args=(share,))
        process.start()
        process.join()
    assert [share.inside.own for share in everyone] == [2, 2, 0]
    assert third.inside.total == 4
    assert third.others_busy() == 1
    second.clear()
    assert (first.inside.total, first.busy.total) == (2, 1)


def test_a_process_alone_shares_nothing() -> None:
    one, other = Share(), Share()
    one.inside.own += 1
    assert (one.inside.total, other.inside.total, one.of(7)) == (1, 0, 7)
