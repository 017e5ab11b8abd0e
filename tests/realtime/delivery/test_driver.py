"""Carrying out a conversation in an event loop: at once where nobody must be waited for, and without anything left."""

import asyncio
import gc
import threading
import time
from collections.abc import Callable

import pytest

from realtime.delivery.direct_writer import direct_writer_of
from realtime.delivery.driver import Driver
from realtime.delivery.eager import start_eagerly
from realtime.delivery.protocol import Read, Send, Wait
from realtime.delivery.reader import Reader
from realtime.delivery.wait_queue import Waiter, WaitQueue


class Hub:
    """Where drivers wait; ``news`` wakes them."""

    def __init__(self) -> None:
        self.reader = Reader()
        self.version = 0
        self.queue: WaitQueue | None = None

    def waiter(self, loop, callback: Callable[[], None]) -> Waiter:
        self.queue = WaitQueue(loop)
        return self.queue.waiter(callback)

    def wait_for_news(self, waiter: Waiter, seen: int, until: float) -> bool:
        if seen == self.version:
            waiter.wait(until)
        return seen == self.version

    def news(self) -> None:
        self.version += 1
        self.queue.wake()


class Scene:
    """A driver, what it was given to write, and how it ended."""

    def __init__(self, talk, slow: bool = False) -> None:
        self.hub, self.said, self.ends = Hub(), [], []
        self.takes = asyncio.Event()
        self.slow = slow
        self.driver = Driver(self.hub, talk(self.hub), self._say, self._over)

    def _say(self, step: Send):
        self.said.append(step.cursor)
        return start_eagerly(self._wait()) if self.slow else None

    async def _wait(self) -> None:
        await self.takes.wait()

    def _over(self, error):
        self.ends.append(error)


def run(scene) -> None:
    before = threading.active_count()

    async def go() -> None:
        complaints = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
        await asyncio.wait_for(scene(), 20)
        gc.collect()
        await asyncio.sleep(0)
        assert complaints == []
        assert len(asyncio.all_tasks()) == 1  # this one

    asyncio.run(go())
    assert threading.active_count() <= before + 4  # those that read


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


async def some_turns() -> None:
    """Whatever could happen without anybody's doing would have happened by then."""
    for _ in range(10):
        await asyncio.sleep(0)


def three(hub):
    """Says 1; with each news the next number; then it is over."""
    for number in (1, 2, 3):
        seen = hub.version
        yield Send(number)
        if number < 3:
            yield Wait(seen, time.monotonic() + 60)


def test_news_are_told_in_the_call_that_brings_them_and_no_task_is_made_for_it():
    async def scene() -> None:
        one = Scene(three)
        one.driver.start()
        assert one.said == [1]
        one.hub.news()
        assert one.said == [1, 2]
        assert len(asyncio.all_tasks()) == 2
        one.hub.news()
        assert one.said == [1, 2, 3]
        assert one.ends == [None]

    run(scene)


def test_who_does_not_take_what_is_told_is_waited_for_and_told_the_rest_then():
    async def scene() -> None:
        one = Scene(three, slow=True)
        one.driver.start()
        assert one.said == [1]
        await some_turns()
        assert not one.hub.queue, "it waits for its client, not for news"
        one.takes.set()
        await until(lambda: one.hub.queue)
        one.slow = False
        one.hub.news()
        one.hub.news()
        assert one.said == [1, 2, 3]

    run(scene)


def test_news_that_came_meanwhile_are_not_waited_for():
    def talk(hub):
        yield Wait(hub.version - 1, time.monotonic() + 60)
        yield Send(7)

    async def scene() -> None:
        one = Scene(talk)
        one.driver.start()
        assert one.said == [7]

    run(scene)


def test_a_reading_is_waited_for_without_a_task_and_its_result_handed_in():
    go = threading.Event()

    def talk(hub):
        found = yield Read("key", lambda: go.wait(10) and 42)
        yield Send(found)

    async def scene() -> None:
        one = Scene(talk)
        one.driver.start()
        assert len(asyncio.all_tasks()) == 2
        go.set()
        await until(lambda: one.ends)
        assert (one.said, one.ends) == ([42], [None])

    run(scene)


def test_a_reading_that_fails_or_takes_too_long_ends_it_with_the_error(monkeypatch):
    monkeypatch.setattr("realtime.delivery.driver.READ_SECONDS", 0.05)
    go = threading.Event()

    def fail():
        raise ValueError("no database")

    async def scene() -> None:
        for read, kind in ((fail, ValueError), (lambda: go.wait(10), TimeoutError)):

            def talk(hub, read=read):
                yield Read(read, read)
                yield Send(1)

            one = Scene(talk)
            one.driver.start()
            await until(lambda one=one: one.ends)
            assert isinstance(one.ends[0], kind)
            assert one.said == []
        go.set()

    run(scene)


@pytest.mark.parametrize("slow", [False, True])
def test_who_is_stopped_is_told_nothing_more_and_is_in_nobodys_way(slow):
    async def scene() -> None:
        one = Scene(three, slow=slow)
        one.driver.start()
        one.driver.stop()
        one.driver.stop()
        one.takes.set()
        if one.hub.queue is not None:
            one.hub.news()
        await some_turns()
        assert (one.said, one.ends) == ([1], [])

    run(scene)


def test_who_leaves_before_a_task_for_them_has_begun_leaves_nothing_unawaited(recwarn):
    async def scene() -> None:
        one = Scene(three)
        one.driver._write = lambda step: one._wait()  # a server of which it is not known that ``send`` needs no task
        one.driver.start()
        one.driver.stop()
        await some_turns()

    run(scene)
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_an_end_that_fails_ends_it_all_the_same():
    closed = []

    def talk(hub):
        try:
            yield Send(1)
        finally:
            closed.append(True)

    async def scene() -> None:
        one = Scene(talk)

        def fail(*_):
            raise OSError("gone")

        one.driver._write = one.driver._finish = fail
        with pytest.raises(OSError, match="gone"):
            one.driver.start()
        assert closed
        assert one.driver._stopped

    run(scene)


def test_who_stops_itself_in_the_middle_of_a_step_says_no_more():
    async def scene() -> None:
        one = Scene(three)
        one.driver._write = lambda step: one.driver.stop() or one.said.append(step.cursor)
        one.driver.start()
        assert (one.said, one.ends) == ([1], [])

    run(scene)


def test_a_coroutine_is_begun_at_once_and_awaited_only_where_it_waits():
    async def scene() -> None:
        done, go = [], asyncio.get_running_loop().create_future()

        async def short() -> None:
            done.append("short")

        async def long() -> None:
            done.append(await go)

        assert start_eagerly(short()) is None
        rest = start_eagerly(long())
        assert done == ["short"]
        asyncio.get_running_loop().call_soon(go.set_result, "long")
        await rest
        assert done == ["short", "long"]

    run(scene)


def test_what_befalls_a_begun_coroutine_befalls_the_coroutine_itself():
    async def scene() -> None:
        met = []

        async def wait(what: asyncio.Future) -> None:
            try:
                await what
            except BaseException as error:
                met.append(type(error))
                raise

        loop = asyncio.get_running_loop()
        failing, never = loop.create_future(), loop.create_future()
        rest = start_eagerly(wait(failing))
        failing.set_exception(OSError("gone"))
        with pytest.raises(OSError, match="gone"):
            await rest

        async def awaiting(rest) -> None:
            await rest

        task = asyncio.create_task(awaiting(start_eagerly(wait(never))))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert met == [OSError, asyncio.CancelledError]

    run(scene)


def test_a_server_without_a_direct_writer_is_written_to_with_send():
    assert direct_writer_of({"type": "websocket"}) is None
    assert direct_writer_of({"type": "websocket", "extensions": None}) is None
    assert direct_writer_of({"extensions": {"realtime.direct_writer": "it"}}) == "it"
