"""Thousands that wait for the same: woken together, over in time, and nothing kept of who is gone."""

import asyncio
import functools
import itertools

import pytest

from realtime.delivery.wait_queue import GRID_SECONDS, SLICE, Waiting

MANY = 2_000


def run(scene):
    async def go():
        waiting = Waiting(asyncio.get_running_loop())
        return await asyncio.wait_for(scene(waiting), 30)

    return asyncio.run(go())


def waiters(waiting: Waiting, seconds: float, number: int = MANY) -> list[asyncio.Task]:
    async def one() -> None:
        await waiting.stay(seconds)

    return [asyncio.create_task(one()) for _ in range(number)]


def test_all_are_woken_by_one_call_and_nobody_is_kept():
    async def scene(waiting):
        tasks = waiters(waiting, 25)
        await asyncio.sleep(0)
        assert waiting
        waiting.wake()
        await asyncio.gather(*tasks)
        assert not waiting
        return [due for due in waiting._due.values() if due]

    assert run(scene) == []


def test_between_two_slices_of_the_woken_others_have_their_turn():
    async def scene(waiting):
        loop = asyncio.get_running_loop()
        tasks = waiters(waiting, 25)
        await asyncio.sleep(0)
        awake = []

        def look() -> None:
            awake.append(sum(task.done() for task in tasks))
            if awake[-1] < MANY:
                loop.call_soon(look)

        waiting.wake()
        look()
        await asyncio.gather(*tasks)
        return awake

    awake = run(scene)
    assert max(after - before for before, after in itertools.pairwise(awake)) <= SLICE
    assert awake[-1] == MANY


def test_who_is_not_yet_woken_may_leave_or_be_over():
    async def scene(waiting):
        tasks = waiters(waiting, 25)
        await asyncio.sleep(0)
        waiting.wake()
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return sum(task.cancelled() for task in tasks), bool(waiting)

    assert run(scene) == (MANY // 2, False)


def test_each_waits_as_long_as_it_said_and_not_much_longer():
    async def scene(waiting):
        loop = asyncio.get_running_loop()
        begun = loop.time()
        [task] = waiters(waiting, 0.3, 1)
        await task
        return loop.time() - begun

    assert 0.3 <= run(scene) < 10


def test_those_whose_time_ends_together_share_a_timer():
    async def scene(waiting):
        tasks = waiters(waiting, 0.3)
        await asyncio.sleep(0)
        timers = len(waiting._due)
        await asyncio.gather(*tasks)
        assert not waiting
        assert not waiting._due
        return timers

    assert run(scene) <= 10 / GRID_SECONDS  # one for each step that it took to begin them all


def test_who_gives_up_is_forgotten_and_the_others_wait_on():
    async def scene(waiting):
        leaving, staying = waiters(waiting, 25), waiters(waiting, 25, 1)
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        kept = len(waiting._all), sum(map(len, waiting._due.values()))
        waiting.wake()
        await asyncio.gather(*staying)
        return kept

    assert run(scene) == (1, 1)


def test_who_leaves_is_not_called_any_more_even_in_the_middle_of_a_call():
    called = []

    async def scene(waiting):
        gone = waiting.join(25, lambda: called.append("gone"))
        gone.leave()
        pair = []
        pair += [waiting.join(25, lambda: (called.append("one"), pair[1].leave()))]
        pair += [waiting.join(25, lambda: (called.append("other"), pair[0].leave()))]
        waiting.wake()
        await asyncio.sleep(0)
        return len(waiting._all), sum(map(len, waiting._due.values()))

    assert run(scene) == (0, 0)
    assert called in (["one"], ["other"])


@pytest.mark.parametrize("fault", [ValueError, asyncio.CancelledError])
def test_who_fails_when_woken_keeps_nobody_else_asleep(fault):
    complaints = []

    def fail() -> None:
        raise fault("of one")

    async def scene(waiting):
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context["exception"]))
        tasks = waiters(waiting, 25, SLICE)
        for _ in range(SLICE):
            waiting.join(25, fail)
        await asyncio.sleep(0)
        waiting.wake()
        await asyncio.gather(*tasks)

    run(scene)
    assert [str(one) for one in complaints] == ["of one"] * SLICE


def test_who_comes_after_the_call_waits_for_the_next():
    async def scene(waiting):
        first = waiters(waiting, 25, 1)
        await asyncio.sleep(0)
        waiting.wake()
        second = waiters(waiting, 25, 1)
        await asyncio.gather(*first)
        assert not second[0].done()
        waiting.wake()
        await asyncio.gather(*second)

    run(scene)


def test_who_waits_again_and_again_has_one_timer():
    async def scene(waiting):
        loop = asyncio.get_running_loop()
        places = [waiting.place(lambda: None) for _ in range(MANY)]
        for round_ in range(50):
            for place in places:
                place.wait(loop.time() + 25 + round_)
            waiting.wake()
            while waiting._at_work:
                await asyncio.sleep(0)
        timers = sum(map(len, waiting._due.values()))
        for place in places:
            place.leave()
        return timers, len(waiting._all), sum(map(len, waiting._due.values()))

    assert run(scene) == (MANY, 0, 0)


@pytest.mark.parametrize(("first", "then"), [(0.1, 0.4), (25, 0.4)], ids=["longer", "shorter"])
def test_who_waits_anew_is_woken_at_the_time_they_said_last(first, then):
    async def scene(waiting):
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        place = waiting.place(lambda: woken.set_result(loop.time()))
        place.wait(loop.time() + first)
        place.cease()
        begun = loop.time()
        place.wait(begun + then)
        return await woken - begun

    assert then <= run(scene) < 10


def test_who_is_woken_by_news_while_their_time_is_over_is_called_once():
    called = []

    async def scene(waiting):
        loop = asyncio.get_running_loop()
        begun = asyncio.Event()

        def go_on(number: int) -> None:
            begun.set()
            called.append(number)
            places[number].wait(loop.time() + 25)

        places = [waiting.place(functools.partial(go_on, number)) for number in range(3 * SLICE)]
        for place in places:
            place.wait(loop.time())
        await begun.wait()
        told = len(called)
        waiting.wake()  # the rest of them, and those who wait again
        while waiting._at_work:
            await asyncio.sleep(0)
        return told

    told = run(scene)
    assert len(called) == told + 3 * SLICE
