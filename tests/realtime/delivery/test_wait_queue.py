"""Thousands that wait for the same: woken together, over in time, and nothing kept of who is gone."""

import asyncio
import functools
import itertools

import pytest

from realtime.delivery.wait_queue import GRID_SECONDS, SLICE, WaitQueue

MANY = 2_000


def run(scene):
    async def go():
        queue = WaitQueue(asyncio.get_running_loop())
        return await asyncio.wait_for(scene(queue), 30)

    return asyncio.run(go())


def waiters(queue: WaitQueue, seconds: float, number: int = MANY) -> list[asyncio.Task]:
    async def one() -> None:
        await queue.wait(seconds)

    return [asyncio.create_task(one()) for _ in range(number)]


def test_all_are_woken_by_one_call_and_nobody_is_kept():
    async def scene(queue):
        tasks = waiters(queue, 25)
        await asyncio.sleep(0)
        assert queue
        queue.wake()
        await asyncio.gather(*tasks)
        assert not queue
        return [due for due in queue._due.values() if due]

    assert run(scene) == []


def test_between_two_slices_of_the_woken_others_have_their_turn():
    async def scene(queue):
        loop = asyncio.get_running_loop()
        tasks = waiters(queue, 25)
        await asyncio.sleep(0)
        awake = []

        def look() -> None:
            awake.append(sum(task.done() for task in tasks))
            if awake[-1] < MANY:
                loop.call_soon(look)

        queue.wake()
        look()
        await asyncio.gather(*tasks)
        return awake

    awake = run(scene)
    assert max(after - before for before, after in itertools.pairwise(awake)) <= SLICE
    assert awake[-1] == MANY


def test_who_is_not_yet_woken_may_leave_or_be_over():
    async def scene(queue):
        tasks = waiters(queue, 25)
        await asyncio.sleep(0)
        queue.wake()
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return sum(task.cancelled() for task in tasks), bool(queue)

    assert run(scene) == (MANY // 2, False)


def test_each_waits_as_long_as_it_said_and_not_much_longer():
    async def scene(queue):
        loop = asyncio.get_running_loop()
        begun = loop.time()
        [task] = waiters(queue, 0.3, 1)
        await task
        return loop.time() - begun

    assert 0.3 <= run(scene) < 10


def test_those_whose_time_ends_together_share_a_timer():
    async def scene(queue):
        tasks = waiters(queue, 0.3)
        await asyncio.sleep(0)
        timers = len(queue._due)
        await asyncio.gather(*tasks)
        assert not queue
        assert not queue._due
        return timers

    assert run(scene) <= 10 / GRID_SECONDS  # one for each step that it took to begin them all


def test_who_gives_up_is_forgotten_and_the_others_wait_on():
    async def scene(queue):
        leaving, staying = waiters(queue, 25), waiters(queue, 25, 1)
        await asyncio.sleep(0)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        kept = len(queue._waiting), sum(map(len, queue._due.values()))
        queue.wake()
        await asyncio.gather(*staying)
        return kept

    assert run(scene) == (1, 1)


def test_who_leaves_is_not_called_any_more_even_in_the_middle_of_a_call():
    called = []

    async def scene(queue):
        gone = queue.call_once(25, lambda: called.append("gone"))
        gone.close()
        pair = []
        pair += [queue.call_once(25, lambda: (called.append("one"), pair[1].close()))]
        pair += [queue.call_once(25, lambda: (called.append("other"), pair[0].close()))]
        queue.wake()
        await asyncio.sleep(0)
        return len(queue._waiting), sum(map(len, queue._due.values()))

    assert run(scene) == (0, 0)
    assert called in (["one"], ["other"])


@pytest.mark.parametrize("fault", [ValueError, asyncio.CancelledError])
def test_who_fails_when_woken_keeps_nobody_else_asleep(fault):
    complaints = []

    def fail() -> None:
        raise fault("of one")

    async def scene(queue):
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context["exception"]))
        tasks = waiters(queue, 25, SLICE)
        for _ in range(SLICE):
            queue.call_once(25, fail)
        await asyncio.sleep(0)
        queue.wake()
        await asyncio.gather(*tasks)

    run(scene)
    assert [str(one) for one in complaints] == ["of one"] * SLICE


def test_who_comes_after_the_call_waits_for_the_next():
    async def scene(queue):
        first = waiters(queue, 25, 1)
        await asyncio.sleep(0)
        queue.wake()
        second = waiters(queue, 25, 1)
        await asyncio.gather(*first)
        assert not second[0].done()
        queue.wake()
        await asyncio.gather(*second)

    run(scene)


def test_who_waits_again_and_again_has_one_timer():
    async def scene(queue):
        loop = asyncio.get_running_loop()
        waiters = [queue.waiter(lambda: None) for _ in range(MANY)]
        for round_ in range(50):
            for waiter in waiters:
                waiter.wait(loop.time() + 25 + round_)
            queue.wake()
            while queue._waking:
                await asyncio.sleep(0)
        timers = sum(map(len, queue._due.values()))
        for waiter in waiters:
            waiter.close()
        return timers, len(queue._waiting), sum(map(len, queue._due.values()))

    assert run(scene) == (MANY, 0, 0)


@pytest.mark.parametrize(("first", "then"), [(0.1, 0.4), (25, 0.4)], ids=["longer", "shorter"])
def test_who_waits_anew_is_woken_at_the_time_they_said_last(first, then):
    async def scene(queue):
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        waiter = queue.waiter(lambda: woken.set_result(loop.time()))
        waiter.wait(loop.time() + first)
        waiter.cancel()
        begun = loop.time()
        waiter.wait(begun + then)
        return await woken - begun

    assert then <= run(scene) < 10


def test_who_is_woken_by_news_while_their_time_is_over_is_called_once():
    called = []

    async def scene(queue):
        loop = asyncio.get_running_loop()
        begun = asyncio.Event()

        def callback(number: int) -> None:
            begun.set()
            called.append(number)
            waiters[number].wait(loop.time() + 25)

        waiters = [queue.waiter(functools.partial(callback, number)) for number in range(3 * SLICE)]
        for waiter in waiters:
            waiter.wait(loop.time())
        await begun.wait()
        told = len(called)
        queue.wake()  # the rest of them, and those who wait again
        while queue._waking:
            await asyncio.sleep(0)
        return told

    told = run(scene)
    assert len(called) == told + 3 * SLICE
