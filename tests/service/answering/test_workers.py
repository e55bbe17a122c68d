import asyncio
import gc
import threading
import weakref
from contextlib import ExitStack

import pytest

from service.answering.workers import Turn, Workers
from service.errors import Overloaded
from service.processes.shares import BORROWED, Share
from tests.work import Calls, Gate, settle


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


def test_processes_have_one_room_together() -> None:
    first, second = (Workers(Calls(), count=2, waiting=1, share=share) for share in Share.all(2))
    with first.admit(), first.admit(), first.admit():
        with pytest.raises(Overloaded):
            first.check_room()
        # Its own place is its own, whatever the other has taken.
        with second.admit(), pytest.raises(Overloaded):
            second.check_room()
    with first.admit(batch=True), second.admit(batch=True):
        for one in (first, second):
            with pytest.raises(Overloaded):
                one.check_room(batch=True)
        assert (first.inside, second.inside) == (1, 1)
    first.close()
    second.close()


def test_a_process_borrows_workers_while_the_others_need_none() -> None:
    async def scenario() -> None:
        gate, later = Gate(), Gate()
        first, second = (Workers(Calls(), count=4, waiting=4, share=share) for share in Share.all(2))
        assert (first.count, second.count) == (2, 2)
        with first.admit() as batch, second.admit() as other:
            images = asyncio.create_task(ask(batch, gate, [f"image {index}" for index in range(6)]))
            await settle()
            assert (first.running, first.queued) == (4, 2)
            # What a process has of its own it may use in any case.
            single = asyncio.create_task(ask(other, later, ["single"]))
            await settle()
            assert (second.running, second.queued) == (1, 0)
            # Two of the four that the first has are given back now, one after the other.
            gate.open.set()
            await images
            later.open.set()
            await single
        assert (first.running, second.running) == (0, 0)
        first.close()
        second.close()

    asyncio.run(scenario())


def test_a_borrowed_worker_is_given_back_where_it_is_needed() -> None:
    async def scenario() -> None:
        gates = [Gate() for _ in range(4)]
        first, second = (Workers(Calls(), count=2, waiting=4, share=share) for share in Share.all(2))
        with first.admit() as batch, second.admit() as other:
            images = [asyncio.create_task(ask(batch, gate, ["image"])) for gate in gates[:3]]
            await settle()
            single = asyncio.create_task(ask(other, gates[3], ["single"]))
            await settle()
            assert (first.running, first.queued, second.running) == (2, 1, 1)
            gates[0].open.set()
            await images[0]
            assert (first.running, first.queued) == (1, 1)
            for gate in gates:
                gate.open.set()
            await asyncio.gather(*images, single)
        first.close()
        second.close()

    asyncio.run(scenario())


def test_no_process_borrows_more_than_python_keeps_busy() -> None:
    async def scenario() -> None:
        gate = Gate()
        first, *others = (Workers(Calls(), count=16, waiting=16, share=share) for share in Share.all(8))
        with first.admit() as batch:
            images = asyncio.create_task(ask(batch, gate, [f"image {index}" for index in range(9)]))
            await settle()
            assert (first.running, first.queued) == (BORROWED, 9 - BORROWED)
            gate.open.set()
            await images
        for one in (first, *others):
            one.close()

    asyncio.run(scenario())


def test_workers_are_borrowed_as_soon_as_the_others_are_done() -> None:
    async def scenario() -> None:
        gates, busy = [Gate() for _ in range(4)], Gate()
        first, second = (Workers(Calls(), count=2, waiting=4, share=share) for share in Share.all(2))
        with first.admit() as batch, second.admit() as other:
            single = asyncio.create_task(ask(other, busy, ["single"]))
            await settle()
            images = [asyncio.create_task(ask(batch, gate, ["image"])) for gate in gates]
            await settle()
            assert (first.running, first.queued, second.running) == (1, 3, 1)
            busy.open.set()
            await single
            gates[0].open.set()
            while first.queued > 1:  # the next image and, beside it, one more
                await asyncio.sleep(0.001)
            assert first.running == 2
            for gate in gates:
                gate.open.set()
            await asyncio.gather(*images)
        first.close()
        second.close()

    asyncio.run(scenario())
