import asyncio
import gc
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from service.answering.workers import Workers
from tests.work import Calls, Gate, Groups, settle


@pytest.mark.parametrize("quick", [True, False])
def test_an_answer_waits_for_the_preparation_of_the_next_image_where_that_is_quick(quick: bool) -> None:
    class Known(Calls):
        def is_quick(self, item: Callable[[], Any]) -> bool:
            return quick

    async def scenario() -> bool:
        first, second, workers = Gate(), Gate(), Workers(Known(), count=1, waiting=1)
        with workers.admit() as one, workers.admit() as other:
            tasks = [asyncio.create_task(one.run(first.work("a")))]
            tasks.append(asyncio.create_task(other.run(second.work("b"))))
            await settle()
            first.open.set()
            while second.begun != ["b"]:
                await asyncio.sleep(0)
            await settle()
            known_early = tasks[0].done()
            second.open.set()
            assert await asyncio.gather(*tasks) == ["a", "b"]
        workers.close()
        return known_early

    assert asyncio.run(scenario()) == (not quick)


def test_an_error_keeps_nothing_of_what_failed() -> None:
    class Upload:
        pass

    uploads: list[weakref.ref[Upload]] = []

    def fail() -> None:
        upload = Upload()
        uploads.append(weakref.ref(upload))
        raise ValueError("damaged")

    async def scenario() -> None:
        workers = Workers(Calls(), count=1)
        with workers.admit() as turn, pytest.raises(ValueError, match="damaged"):
            await turn.run(fail)
        workers.close()

    gc.disable()
    try:
        asyncio.run(scenario())
        assert [upload() for upload in uploads] == [None]
    finally:
        gc.enable()


def test_broken_images_do_not_hold_an_answer_back() -> None:
    async def scenario() -> bool:
        gate, last, workers = Gate(), Gate(), Workers(Calls(), count=1, waiting=2)
        with workers.admit() as one, workers.admit() as other, workers.admit() as third:
            good = asyncio.create_task(one.run(gate.work("good")))
            broken = asyncio.create_task(other.run(lambda: 1 // 0))
            following = asyncio.create_task(third.run(last.work("following")))
            await settle()
            gate.open.set()
            while last.begun != ["following"]:
                await asyncio.sleep(0)
            await settle()
            known_early = good.done()
            last.open.set()
            await asyncio.gather(good, broken, following, return_exceptions=True)
            assert isinstance(broken.exception(), ZeroDivisionError)
        workers.close()
        return known_early

    assert asyncio.run(scenario())


def together(
    count: int, *names: str, failing: str = "", most: int = 2
) -> tuple[list[list[str]], dict[str, object]]:
    """What workers finish together that begin when all images are there, and every image's outcome."""

    def fail() -> str:
        raise ZeroDivisionError(failing)

    async def scenario() -> tuple[list[list[str]], dict[str, object]]:
        gate, work = Gate(), Groups(most)
        workers = Workers(work, count, waiting=len(names))
        with ExitStack() as admitted:
            tasks = []
            for name in names:
                turn = admitted.enter_context(workers.admit())
                item = fail if name == failing else gate.work(name)
                tasks.append(asyncio.create_task(turn.run(item)))
                await settle()
            while len(gate.begun) < min(count, len(names)):
                await asyncio.sleep(0)
            gate.open.set()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert (workers.inside, workers.running, workers.queued) == (0, 0, 0)
        workers.close()
        return work.finished, dict(zip(names, outcomes, strict=True))

    return asyncio.run(scenario())


def test_images_that_wait_are_finished_together() -> None:
    finished, outcomes = together(1, *"abcde")
    assert finished == [["a", "b"], ["c", "d"], ["e"]]
    assert outcomes == {name: name for name in "abcde"}


@pytest.mark.parametrize(("names", "sizes"), [("ab", [1, 1]), ("abcdef", [3, 3]), ("abcdefgh", [4, 4])])
def test_half_of_them_is_finished_while_the_other_half_may_ask_again(names: str, sizes: list[int]) -> None:
    finished, _ = together(1, *names, most=4)
    assert [len(group) for group in finished] == sizes


def test_none_is_taken_that_another_worker_could_begin_soon() -> None:
    finished, _ = together(4, *"abcdef")
    assert sorted(finished) == [[name] for name in "abcdef"]


def test_one_that_fails_does_not_take_its_companion_along() -> None:
    finished, outcomes = together(1, "a", "bad", *"cdefg", failing="bad")
    assert finished == [["a", "c"], ["d", "e"], ["f", "g"]]
    assert [outcomes[name] for name in "acdefg"] == list("acdefg")
    assert isinstance(outcomes["bad"], ZeroDivisionError)


def test_what_breaks_the_common_part_is_told_to_all_of_them() -> None:
    finished, outcomes = together(1, "a", "poison", "c", "d", "e")
    assert finished == [["a", "poison"], ["c", "d"], ["e"]]
    assert [type(outcome) for outcome in outcomes.values()] == [ValueError, ValueError, str, str, str]
