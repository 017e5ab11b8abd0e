"""A socket's coming and going, without a server around it."""

import asyncio
import gc
import threading
import time

import pytest

from realtime.delivery.hub import TooManyOfOne
from realtime.delivery.protocol import Send, Wait
from realtime.delivery.reader import Reader
from realtime.delivery.subscriber import Subscription
from realtime.delivery.wait_queue import Waiter, WaitQueue
from realtime.log.replay import Start
from realtime.transports import websocket
from realtime.transports.rate_limits import RateLimits


class SlowHub:
    """A hub whose database is slow: whoever comes is let in when ``go`` says so."""

    def __init__(self) -> None:
        self.reader = Reader()
        self.closing = False
        self.asked, self.go = threading.Event(), threading.Event()
        self.came = 0
        self.present: set[int] = set()

    def attach(self, subscriber) -> int:
        self.asked.set()
        assert self.go.wait(10)
        self.came += 1
        self.present.add(self.came)
        return self.came

    def waiter(self, loop, callback) -> Waiter:
        return WaitQueue(loop).waiter(callback)

    def wait_for_news(self, waiter: Waiter, seen: int, until: float) -> bool:
        waiter.wait(until)
        return True

    def detach(self, number: int) -> None:
        self.present.discard(number)


class Person:
    pk = 7
    is_authenticated = True

    def get_session_auth_hash(self) -> str:
        return "hash"


class Session:
    session_key = "key"


class Everything(websocket.SubscriberConsumer):
    def subscription(self, query):
        return Subscription(frozenset())


def _silence(hub, subscriber):
    """What is told is another test's matter."""
    yield Wait(0, time.monotonic() + 60)


@pytest.fixture
def hub(monkeypatch, settings) -> SlowHub:
    settings.USE_DAPHNE = True
    slow = SlowHub()
    monkeypatch.setattr(websocket, "hub", slow)
    monkeypatch.setattr(websocket, "deliver", _silence)
    monkeypatch.setattr(websocket.replay, "start", lambda raw: Start(0))
    monkeypatch.setattr(websocket.SubscriberConsumer, "open_sockets", 0)
    return slow


class Client:
    """A browser's side of the ASGI application."""

    def __init__(self, **more) -> None:
        self.says: asyncio.Queue = asyncio.Queue()
        self.hears: list[dict] = []
        scope = {"type": "websocket", "query_string": b"", "user": Person(), "session": Session(), "subprotocols": []}
        scope.update(more)
        self.says.put_nowait({"type": "websocket.connect"})
        self.application = asyncio.create_task(Everything.as_asgi()(scope, self.says.get, self._hear))

    async def _hear(self, message) -> None:
        self.hears.append(message)

    async def leave(self) -> None:
        self.says.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait([self.application], timeout=5)

    async def give_up(self) -> None:
        """The server has waited long enough for the application to end (Daphne: five seconds)."""
        self.application.cancel()
        await asyncio.wait([self.application], timeout=5)


async def _asked(hub: SlowHub) -> None:
    assert await asyncio.to_thread(hub.asked.wait, 10)


async def _all_read(hub: SlowHub) -> None:
    """Whatever had been handed to the readers has been done."""
    hub.go.set()
    for _ in range(8):
        await asyncio.wrap_future(hub.reader.submit(None, lambda: None))


def test_who_leaves_while_they_are_let_in_is_not_left_behind(hub):
    async def scene() -> None:
        client = Client()
        await _asked(hub)
        await client.give_up()
        await _all_read(hub)

    asyncio.run(scene())
    assert hub.came == 1
    assert not hub.present
    assert websocket.SubscriberConsumer.open_sockets == 0


def test_who_waited_too_long_is_refused_and_not_left_behind(hub, monkeypatch):
    monkeypatch.setattr("realtime.delivery.reader.READ_SECONDS", 0.05)

    async def scene() -> list[dict]:
        client = Client()
        await _asked(hub)
        while not client.hears:
            await asyncio.sleep(0.01)
        await client.leave()
        await _all_read(hub)
        return client.hears

    assert asyncio.run(scene()) == [{"type": "websocket.close"}]
    assert not hub.present


def test_nothing_is_read_for_those_who_left_before_it_was_their_turn(hub):
    async def scene() -> None:
        clients = [Client() for _ in range(20)]  # more than there are threads that read
        await _asked(hub)
        for client in clients:
            await client.give_up()
        await _all_read(hub)

    asyncio.run(scene())
    assert hub.came <= 4
    assert not hub.present


def test_letting_people_in_pushes_no_page_of_the_log_out_of_what_is_shared(hub):
    read = []

    async def scene() -> None:
        for _ in range(2):
            hub.reader.submit(("page", 1, 250), lambda: read.append(1))
            hub.go.set()
            clients = [Client() for _ in range(50)]
            while not all(client.hears for client in clients):
                await asyncio.sleep(0.01)
            for client in clients:
                await client.give_up()

    asyncio.run(scene())
    assert hub.came == 100
    assert read == [1]


@pytest.mark.parametrize("closing", [False, True])
def test_whoever_is_signed_in_costs_their_address_nothing_also_when_there_is_no_room(hub, closing):
    limits = RateLimits(2, 1)
    entry = limits.enter("key", "1.2.3.4")
    hub.closing = closing
    hub.go.set()

    async def scene() -> list[dict]:
        client = Client(entry=entry)
        while not client.hears:
            await asyncio.sleep(0.01)
        await client.leave()
        return client.hears

    assert asyncio.run(scene())[0]["type"] == ("websocket.close" if closing else "websocket.accept")
    assert not limits.enter("another", "1.2.3.4").wait


def test_who_has_too_many_open_is_told_when_to_return_where_the_server_can(hub, monkeypatch):
    monkeypatch.setattr(hub, "attach", lambda subscriber: (_ for _ in ()).throw(TooManyOfOne))

    async def scene(**scope) -> list[dict]:
        client = Client(**scope)
        while not client.hears:
            await asyncio.sleep(0.01)
        await client.leave()
        return client.hears

    assert asyncio.run(scene()) == [{"type": "websocket.close"}]
    start, _ = asyncio.run(scene(extensions={"websocket.http.response": {}}))
    assert (start["status"], [name for name, _ in start["headers"]]) == (503, [b"retry-after"])
    assert websocket.SubscriberConsumer.open_sockets == 0


@pytest.mark.parametrize("fault", [OSError("the client has left"), RuntimeError("after sending 'websocket.close'")])
def test_a_client_that_has_left_is_no_fault_whatever_the_server_makes_of_it(hub, monkeypatch, caplog, fault):
    """ASGI lets a server raise when it is given something for a client whose leaving it has still to tell of."""

    def talk(hub, subscriber):
        yield Send(1)
        yield Wait(0, time.monotonic() + 60)

    class Gone(Client):
        async def _hear(self, message) -> None:
            await super()._hear(message)
            if message["type"] != "websocket.accept":
                raise fault

    async def scene() -> tuple[list[dict], list[dict]]:
        unheard: list[dict] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: unheard.append(context))
        client = Gone()
        await _asked(hub)
        await _all_read(hub)
        while len(client.hears) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        assert not hub.present
        await client.leave()
        del client.application
        gc.collect()
        await asyncio.sleep(0)
        return client.hears, unheard

    monkeypatch.setattr(websocket, "deliver", talk)
    hears, unheard = asyncio.run(asyncio.wait_for(scene(), 20))
    assert [message["type"] for message in hears] == ["websocket.accept", "websocket.send"]
    assert unheard == []
    assert caplog.messages == []
    assert websocket.SubscriberConsumer.open_sockets == 0
