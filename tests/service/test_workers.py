import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from service.errors import Overloaded
from service.workers import Turn, Workers


class Gate:
    """Work that waits until it is let go, and remembers in which order it was begun."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun: list[str] = []

    def work(self, name: str) -> Callable[[], str]:
        def wait() -> str:
            self.begun.append(name)
            assert self.open.wait(30)
            return name

        return wait


class Calls:
    """Work whose items are functions, each called by itself."""

    def is_quick(self, item: Callable[[], Any]) -> bool:
        return True

    def prepare(self, item: Callable[[], Any]) -> Any:
        return item()

    def has_room(self, prepared: Sequence[Any]) -> bool:
        return False

    def finish(self, prepared: Sequence[Any]) -> Sequence[Any]:
        return prepared


class Pairs(Calls):
    """The same, but what they return is finished two at a time, and poison breaks that."""

    def __init__(self) -> None:
        self.finished: list[list[Any]] = []

    def has_room(self, prepared: Sequence[Any]) -> bool:
        return len(prepared) < 2

    def finish(self, prepared: Sequence[Any]) -> Sequence[Any]:
        self.finished.append(list(prepared))
        if "poison" in prepared:
            raise ValueError("a bug")
        return prepared


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_results_and_errors_come_back() -> None:
    async def scenario() -> None:
        workers = Workers(Calls(), 2)
        with workers.admit() as turn:
            assert await turn.run(lambda: 42) == 42
            with pytest.raises(ZeroDivisionError):
                await turn.run(lambda: 1 // 0)
        assert (workers.inside, workers.running, workers.queued) == (0, 0, 0)
        workers.close()

    asyncio.run(scenario())


def test_the_room_is_bounded() -> None:
    workers = Workers(Calls(), count=1, waiting=1)
    with workers.admit(), workers.admit(), pytest.raises(Overloaded), workers.admit():
        pass
    with workers.admit():
        workers.check_room()
    workers.close()


def test_batches_leave_half_of_the_room() -> None:
    workers = Workers(Calls(), count=1, waiting=3)
    with workers.admit(batch=True), workers.admit(batch=True):
        with pytest.raises(Overloaded):
            workers.check_room(batch=True)
        workers.check_room()
    workers.check_room(batch=True)
    workers.close()


async def ask(turn: Turn, gate: Gate, names: list[str]) -> None:
    await asyncio.gather(*(turn.run(gate.work(name)) for name in names))


def order(*requests: list[str]) -> list[str]:
    """In which order one worker begins the images of requests that come one after the other."""

    async def scenario() -> list[str]:
        gate, workers = Gate(), Workers(Calls(), count=1, waiting=2 * len(requests))
        with ExitStack() as admitted:
            tasks = []
            for names in requests:
                turn = admitted.enter_context(workers.admit(batch=len(names) > 1))
                tasks.append(asyncio.create_task(ask(turn, gate, names)))
                await settle()
            gate.open.set()
            await asyncio.gather(*tasks)
        workers.close()
        return gate.begun

    return asyncio.run(scenario())


def test_a_single_image_does_not_wait_for_a_whole_batch() -> None:
    begun = order([f"batch {index}" for index in range(32)], ["single"], ["another"])
    assert begun[:5] == ["batch 0", "batch 1", "single", "another", "batch 2"]


def test_batches_take_turns_of_two_images() -> None:
    begun = order(["a1", "a2", "a3", "a4", "a5"], ["b1", "b2", "b3", "b4", "b5"])
    assert begun == ["a1", "a2", "b1", "b2", "a3", "a4", "b3", "b4", "a5", "b5"]


def test_who_gives_up_frees_the_place_and_is_never_worked_on() -> None:
    async def ask(workers: Workers, gate: Gate, name: str) -> object:
        with workers.admit() as turn:
            return await turn.run(gate.work(name))

    async def scenario() -> None:
        gate, workers = Gate(), Workers(Calls(), count=1, waiting=1)
        busy = asyncio.create_task(ask(workers, gate, "busy"))
        await settle()
        waiting = asyncio.create_task(ask(workers, gate, "waiting"))
        await settle()
        assert (workers.inside, workers.queued) == (2, 1)
        waiting.cancel()
        await settle()
        assert (workers.inside, workers.queued) == (1, 0)
        gate.open.set()
        assert await busy == "busy"
        assert gate.begun == ["busy"]
        workers.close()

    asyncio.run(scenario())


def test_an_idle_worker_keeps_nothing_of_its_last_image() -> None:
    class Photo:
        pass

    async def scenario() -> None:
        photo = Photo()
        workers = Workers(Calls(), count=1)
        with workers.admit() as turn:
            await turn.run(lambda kept=photo: None)
        kept = weakref.ref(photo)
        del photo, turn
        gc.collect()
        async with asyncio.timeout(5):
            while kept() is not None:
                await asyncio.sleep(0)
        workers.close()

    asyncio.run(scenario())


def test_the_worker_that_was_busy_last_is_the_next() -> None:
    async def scenario() -> set[int]:
        workers, seen = Workers(Calls(), count=3), set()
        for _ in range(6):
            with workers.admit() as turn:
                seen.add(await turn.run(threading.get_ident))
        workers.close()
        return seen

    assert len(asyncio.run(scenario())) == 1


def test_waiting_is_reported() -> None:
    waits: list[float] = []

    async def scenario() -> None:
        workers = Workers(Calls(), 1, on_start=waits.append)
        with workers.admit() as turn:
            await asyncio.gather(turn.run(lambda: None), turn.run(lambda: None))
        workers.close()

    asyncio.run(scenario())
    assert len(waits) == 2
    assert min(waits) >= 0


@pytest.mark.parametrize("raised", [StopIteration("no more"), KeyboardInterrupt(), SystemExit(1)])
def test_a_worker_outlives_whatever_its_work_raises(raised: BaseException) -> None:
    def explode() -> None:
        raise raised

    async def scenario() -> None:
        workers = Workers(Calls(), count=1)
        with workers.admit() as turn:
            with pytest.raises(RuntimeError, match=type(raised).__name__):
                await turn.run(explode)
            assert await turn.run(lambda: 42) == 42
        assert workers.running == 0
        workers.close()

    asyncio.run(scenario())


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


def together(count: int, *names: str, failing: str = "") -> tuple[list[list[str]], dict[str, object]]:
    """What workers finish together that begin when all images are there, and every image's outcome."""

    def fail() -> str:
        raise ZeroDivisionError(failing)

    async def scenario() -> tuple[list[list[str]], dict[str, object]]:
        gate, work = Gate(), Pairs()
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
    assert finished == [["a", "b"], ["c"], ["d"], ["e"]]
    assert outcomes == {name: name for name in "abcde"}


def test_none_is_taken_that_another_worker_could_begin_soon() -> None:
    finished, _ = together(2, *"abcdefgh")
    assert sorted(finished) == [[name] for name in "abcdefgh"]


def test_one_that_fails_does_not_take_its_companion_along() -> None:
    finished, outcomes = together(1, "a", "bad", *"cdefg", failing="bad")
    assert finished == [["a", "c"], ["d"], ["e"], ["f"], ["g"]]
    assert [outcomes[name] for name in "acdefg"] == list("acdefg")
    assert isinstance(outcomes["bad"], ZeroDivisionError)


def test_what_breaks_the_common_part_is_told_to_all_of_them() -> None:
    finished, outcomes = together(1, "a", "poison", "c", "d", "e")
    assert finished == [["a", "poison"], ["c"], ["d"], ["e"]]
    assert [type(outcome) for outcome in outcomes.values()] == [ValueError, ValueError, str, str, str]
