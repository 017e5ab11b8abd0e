"""Where what a client says waits: in order, for one reader, who may give up and come again."""

import asyncio

import pytest

from gistagum.servers.receive_queue import ReceiveQueue


def test_what_waited_in_the_servers_queue_comes_first_and_all_in_order():
    async def scene() -> list[int]:
        queue: asyncio.Queue[int] = asyncio.Queue()
        queue.put_nowait(1)
        queue.put_nowait(2)
        inbox = ReceiveQueue(queue)
        inbox.put_nowait(3)
        assert not inbox.empty()
        heard = [await inbox.get() for _ in range(3)]
        assert inbox.empty()
        return heard

    assert asyncio.run(scene()) == [1, 2, 3]


def test_who_waits_is_woken_and_loses_nothing_that_comes_meanwhile():
    async def scene() -> list[str]:
        inbox = ReceiveQueue(asyncio.Queue())
        waiting = asyncio.create_task(inbox.get())
        await asyncio.sleep(0)
        inbox.put_nowait("one")
        inbox.put_nowait("two")
        return [await waiting, await inbox.get()]

    assert asyncio.run(scene()) == ["one", "two"]


def test_who_gives_up_takes_nothing_along():
    async def scene() -> str:
        inbox = ReceiveQueue(asyncio.Queue())
        for message in (None, "kept"):
            waiting = asyncio.create_task(inbox.get())
            await asyncio.sleep(0)
            if message:
                inbox.put_nowait(message)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        return await asyncio.wait_for(inbox.get(), 1)

    assert asyncio.run(scene()) == "kept"


def test_a_second_reader_is_refused_and_the_first_is_served():
    async def scene() -> str:
        inbox = ReceiveQueue(asyncio.Queue())
        first = asyncio.create_task(inbox.get())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="Only one"):
            await inbox.get()
        inbox.put_nowait("for the first")
        return await first

    assert asyncio.run(scene()) == "for the first"
