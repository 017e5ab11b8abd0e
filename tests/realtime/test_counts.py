"""What delivery costs, counted: queries, encodings, writes, tasks, bytes. The same on every machine, unlike seconds.

benchmarks/ measures the seconds. What is counted elsewhere is not counted again here: one reading and one encoding of
an event (test_hub.py), what publishing asks the database (test_publish.py).
"""

import asyncio
import gc
import json
import sys
import threading
import weakref
from collections.abc import Awaitable, Callable

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from projeng.access import ALL_PROJECTS, Role
from projeng.events import PROJECTS, ProjectsChanged
from realtime.access import accounts
from realtime.access.credentials import SESSION, Credential
from realtime.delivery.driver import Driver
from realtime.delivery.hub import Hub
from realtime.delivery.snapshots import State
from realtime.delivery.subscriber import Subscriber, Subscription
from realtime.delivery.wait_queue import WaitQueue
from realtime.log import replay
from realtime.log.publish import publish
from realtime.transports import sse, sse_encoding, websocket, websocket_encoding
from realtime.transports.continuation import with_continuations
from tests.support.people import person, session_cookie

CLIENTS = 20
EVENTS = 200
SWEEP_QUERIES = 3  # sessions, accounts with their groups, and keys of conversations, of all who listen
SUBSCRIPTION = Subscription(frozenset({PROJECTS}))
KINDS = pytest.mark.parametrize("kind", ["websocket", "sse"])


class Everything(websocket.SubscriberConsumer):
    def subscription(self, query):
        return SUBSCRIPTION


class Client:
    """A client of either transport, at the ASGI interface; ``writes`` is what it was sent."""

    def __init__(self, kind: str, head: User, key: str, cursor: int | None = None) -> None:
        self.says: asyncio.Queue = asyncio.Queue()
        self.writes: list[bytes] = []
        self.user = weakref.ref(copy := User(pk=head.pk, password=head.password))
        application = socket(copy, key, cursor) if kind == "websocket" else stream(copy, key, cursor)
        self.task = asyncio.create_task(application(self.says.get, self._hear))
        self.says.put_nowait({"type": f"{'websocket.connect' if kind == 'websocket' else 'http.request'}"})

    async def _hear(self, message) -> None:
        body = message.get("text") or message.get("body")
        if body:
            self.writes.append(body.encode() if isinstance(body, str) else body)

    async def leave(self, kind: str) -> None:
        self.says.put_nowait({"type": "websocket.disconnect" if kind == "websocket" else "http.disconnect"})
        await asyncio.wait_for(self.task, 10)


Served = Callable[[Callable, Callable], Awaitable[None]]


def socket(user: User, key: str, cursor: int | None) -> Served:
    """A socket behind its handshake."""
    query = f"last_event_id={cursor}".encode() if cursor is not None else b""
    scope = {"type": "websocket", "query_string": query, "user": user, "session": SessionStore(key)}
    scope["subprotocols"] = ["gistagum.v1"]
    return lambda receive, send: with_continuations(Everything.as_asgi())(scope, receive, send)


def stream(user: User, key: str, cursor: int | None) -> Served:
    """A stream as ``event_stream`` leaves it behind."""

    async def serve(receive, send) -> None:
        subscriber = Subscriber(
            user_id=user.pk,
            credential=Credential(SESSION, key, user.get_session_auth_hash()),
            subscription=SUBSCRIPTION,
            cursor=await asyncio.to_thread(replay.head) if cursor is None else cursor,
        )
        slot = sse.Slot(sse.Slots())
        slot._slots.take()
        await asyncio.to_thread(slot.attach, subscriber)
        await sse.AsyncStream(subscriber, slot).serve(receive, send)

    return serve


@pytest.fixture
def hub(new_database, on_database, monkeypatch, settings) -> Hub:
    """A hub of the test's own, whose tail the test turns by hand."""
    on_database(new_database("sqlite"))
    settings.USE_DAPHNE = True
    settings.STREAMS_PER_PERSON = CLIENTS
    made = Hub()
    made._thread = threading.current_thread()
    for door in (sse, websocket):
        monkeypatch.setattr(door, "hub", made)
    yield made
    if made.reader._pool is not None:
        made.reader._pool.shutdown()


@pytest.fixture
def head(hub) -> User:
    head = person(Role.HEAD)
    hub._begin(replay.head())  # behind what the log says about the new account
    return head


def announce(events: int) -> None:
    """So many events in one transaction."""
    with transaction.atomic():
        publish(
            *(
                (ProjectsChanged(source=f"{n}", created=0, updated=n, summary="s", actor="a"), [ALL_PROJECTS])
                for n in range(events)
            )
        )


async def opened(hub: Hub, kind: str, head: User, cursor: int | None = None) -> list[Client]:
    """Clients that have been let in and told how things are."""
    key = (await asyncio.to_thread(session_cookie, head)).partition("=")[2]
    clients = [Client(kind, head, key, cursor) for _ in range(CLIENTS)]
    await until(lambda: all(client.writes for client in clients))
    await until(lambda: waiting(hub) == CLIENTS)
    return clients


def waiting(hub: Hub) -> int:
    """How many wait for news."""
    return sum(len(queue._waiting) for queue in hub._loops.values())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def turn(hub: Hub) -> int:
    """Let the tail read what is new; how many queries that took."""
    return queries_of(hub._read_on)


def queries_of(work: Callable[[], object]) -> int:
    """How many queries some work takes."""
    with CaptureQueriesContext(connection) as queries:
        work()
    asked = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    return len(asked)


@KINDS
def test_a_burst_is_one_query_one_wake_and_one_write_a_client(hub, head, kind, monkeypatch):
    woken = []
    wake = WaitQueue.wake
    monkeypatch.setattr(WaitQueue, "wake", lambda queue: woken.append(len(queue._waiting)) or wake(queue))

    async def scene() -> tuple[int, list[list[bytes]]]:
        clients = await opened(hub, kind, head)
        for client in clients:
            client.writes.clear()
        await asyncio.to_thread(announce, EVENTS)
        woken.clear()
        queries = await asyncio.to_thread(turn, hub)
        await until(lambda: all(client.writes for client in clients))
        await until(lambda: waiting(hub) == CLIENTS)
        for client in clients:
            await client.leave(kind)
        return queries, [client.writes for client in clients]

    queries, writes = asyncio.run(scene())
    assert queries == 1
    assert woken == [CLIENTS]
    assert {len(one) for one in writes} == {1}
    [size] = {len(one[0]) for one in writes}
    frames = replay.tail(0, EVENTS * 2)
    said = sum(len(frame.json) for frame in frames if frame.topic == PROJECTS)
    beside = 1 if kind == "websocket" else len("id: \ndata: \n\n") + 6  # a comma; or the lines around the same JSON
    assert said < size <= said + EVENTS * beside + 100


@KINDS
def test_a_change_is_two_wakes_and_two_writes_a_client_and_one_reading_encoded_once(hub, head, kind, monkeypatch):
    """Its event, and the state that it changes. For each further wait every client would be woken once more."""
    read, advanced = [], []
    state = State("of all", lambda frame: 1, lambda *asked: read.append(1) or [{"type": "x"}], lambda viewer: 1, False)
    advance = Driver._advance
    monkeypatch.setattr(Driver, "_advance", lambda self, *why: advanced.append(1) or advance(self, *why))
    monkeypatch.setattr(sys.modules[__name__], "SUBSCRIPTION", Subscription(frozenset({PROJECTS}), (state,)))
    encoded = {"websocket": websocket_encoding._states_as_arrays, "sse": sse_encoding._state}[kind]

    async def scene() -> list[int]:
        clients = await opened(hub, kind, head)
        for client in clients:
            client.writes.clear()
        encoded.cache_clear()
        advanced.clear()
        await asyncio.to_thread(announce, 1)
        await asyncio.to_thread(turn, hub)
        await until(lambda: all(len(client.writes) == 2 for client in clients))
        await until(lambda: waiting(hub) == CLIENTS)
        counted = [len(advanced), len(read), encoded.cache_info().misses]
        for client in clients:
            await client.leave(kind)
            assert [b'"id"' in body or b"id:" in body for body in client.writes] == [True, False]
        return counted

    wakes, *others = asyncio.run(scene())
    assert wakes in (CLIENTS, 2 * CLIENTS)  # once where the state was read before anybody woke
    assert others == [1, 1]


@KINDS
def test_an_idle_client_is_one_task_of_the_servers_and_nothing_of_who_let_it_in(hub, head, kind):
    async def scene() -> tuple[int, list]:
        before = len(asyncio.all_tasks())
        clients = await opened(hub, kind, head)
        gc.collect()
        counted = len(asyncio.all_tasks()) - before, [client.user() for client in clients]
        for client in clients:
            await client.leave(kind)
        return counted

    tasks, users = asyncio.run(scene())
    assert tasks == CLIENTS
    if kind == "websocket":  # for streams the request goes with Django's own handler
        assert users == [None] * CLIENTS


@KINDS
def test_an_idle_client_asks_the_database_nothing_and_a_sweep_asks_for_all_at_once(hub, head, kind):
    async def scene() -> tuple[int, int]:
        clients = await opened(hub, kind, head)
        idle = await asyncio.to_thread(turn, hub)
        sweep = await asyncio.to_thread(queries_of, hub._sweep)
        for client in clients:
            await client.leave(kind)
        return idle, sweep

    assert asyncio.run(scene()) == (1, SWEEP_QUERIES)


def test_a_sweep_wakes_nobody_unless_it_finds_something(hub, head):
    async def scene() -> tuple[int, int]:
        clients = await opened(hub, "sse", head)
        told = [hub.version]
        for active in (True, False):
            await User.objects.filter(pk=head.pk).aupdate(is_active=active)
            await asyncio.to_thread(hub._sweep)
            told.append(hub.version)
        await until(lambda: all(b"signed out" in client.writes[-1] for client in clients))
        for client in clients:
            await client.leave("sse")
        return told[1] - told[0], told[2] - told[1]

    assert asyncio.run(scene()) == (0, 1)


@KINDS
def test_the_session_of_a_listener_is_checked_when_it_comes_and_not_again_in_each_sweep(hub, head, kind, monkeypatch):
    worked_out, work_out = [], accounts.auth_hash
    monkeypatch.setattr(accounts, "auth_hash", lambda *account: worked_out.append(account) or work_out(*account))

    async def scene() -> tuple[int, int]:
        clients = await opened(hub, kind, head)
        came = len(worked_out)
        for _ in range(3):
            await asyncio.to_thread(hub._sweep)
            await until(lambda: waiting(hub) == CLIENTS)
        swept = len(worked_out)
        for client in clients:
            await client.leave(kind)
        return came, swept

    assert asyncio.run(scene()) == (CLIENTS, CLIENTS)


@KINDS
def test_who_returns_shares_the_reading_of_what_they_missed(hub, head, kind, monkeypatch):
    pages = []
    read = replay.page
    monkeypatch.setattr(replay, "page", lambda *args: pages.append(args) or read(*args))
    cursor = replay.head()
    announce(1_000)
    hub._begin(replay.head())  # a process that has just started holds none of them at hand
    missed = [frame.id for frame in replay.tail(cursor, 1_000)]

    async def scene() -> list[Client]:
        clients = await opened(hub, kind, head, cursor)
        for client in clients:
            await client.leave(kind)
        return clients

    clients = asyncio.run(scene())
    assert len(pages) == len({replay.page_of(number - 1) for number in missed})
    assert {tuple(told(kind, client)) for client in clients} == {tuple(missed)}


def test_who_is_let_in_costs_the_tail_nothing_while_it_reads_anyway(hub, head):
    subscriber = Subscriber(head.pk, Credential(SESSION, "of the test"), Subscription(frozenset({PROJECTS})), cursor=0)
    hub.attach(subscriber)
    assert hub._work.is_set(), "the first wakes it"
    hub._work.clear()
    hub._reading = True  # what it does then
    hub.attach(subscriber)
    assert not hub._work.is_set()
    assert hub._until_next_look() is not None
    for number in (0, 1):
        hub.detach(number)
    assert hub._until_next_look() is None, "it rests"
    hub.attach(subscriber)
    assert hub._work.is_set()


def told(kind: str, client: Client) -> list[int]:
    """The ids of the events that a client was sent, in order."""
    if kind == "websocket":
        return [frame["id"] for body in client.writes for frame in json.loads(body) if "id" in frame]
    lines = b"".join(client.writes).decode().splitlines()
    frames = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return [frame["id"] for frame in frames if "id" in frame]
