"""What a process sends to the others when events are numbered, and when it leaves that to another process."""

import asyncio
import threading
import time
from dataclasses import dataclass

import psycopg
import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from projeng import channels_utils
from realtime.channel_layer import broadcast as module
from realtime.channel_layer import client
from realtime.channel_layer.broadcast import WAKE, Broadcast, ephemeral_message
from realtime.delivery.ephemeral import EphemeralMessage
from realtime.log import replay
from realtime.log.events import CATALOGUE, AuthorityChanged, EventType
from realtime.log.models import Event
from realtime.log.numberer import numberer
from realtime.log.numbering_postgresql import LOG_LOCK
from realtime.log.publish import publish
from tests.support.ports import wait_until

GROUP = channels_utils.SERVERS_GROUP


@pytest.fixture
def database(new_database, on_database) -> str:
    """A PostgreSQL of the test's own."""
    url = new_database("postgres")
    on_database(url)
    return url


@pytest.fixture
def broadcast(monkeypatch) -> Broadcast:
    """A process that broadcasts, until the test is over."""
    monkeypatch.setattr(numberer, "_wakes", [])
    monkeypatch.setattr(numberer, "_followers", [])
    monkeypatch.setattr(module.hub, "on_first_subscriber", [])
    made = Broadcast()
    made.register(
        groups=channels_utils.groups_of, incoming=channels_utils.ephemeral_of, outgoing=channels_utils.messages_of
    )
    made.switch_on()
    return made


@pytest.fixture
def sent() -> list[dict]:
    """What comes to the group of all servers."""
    messages: list[dict] = []
    layer = get_channel_layer()
    async_to_sync(layer.subscribe)(GROUP, lambda group, message: messages.append(message))
    yield messages
    async_to_sync(layer.unsubscribe)(GROUP)


def save() -> None:
    with transaction.atomic():
        publish((AuthorityChanged(user_ids=[1]), []))


def test_whoever_numbers_says_so_at_once_and_then_sends_the_events(database, broadcast, sent):
    save()
    wait_until(lambda: len(sent) == 2, "both messages are there")
    assert [(one["type"], one["logged"]) for one in sent] == [(WAKE, 0), ("authority_changed", replay.head())]


def test_a_process_that_leaves_its_events_to_another_says_so_without_an_id(database, broadcast, sent):
    with psycopg.connect(database) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [LOG_LOCK])
        save()
        wait_until(lambda: sent, "the others are told")
        assert [(one["type"], one["logged"]) for one in sent] == [(WAKE, 0)]
    wait_until(lambda: [one for one in sent if one["logged"]], "it is numbered, and sent")


def test_such_a_message_wakes_every_other_process(broadcast, sent, monkeypatch):
    woken = []
    monkeypatch.setattr(module.hub, "wake", lambda: woken.append(True))
    broadcast.wake_others()
    wait_until(lambda: sent, "it is sent")
    [own] = sent
    broadcast._received(GROUP, own)
    assert not woken
    broadcast._received(GROUP, {**own, "data": {"from": "another:1"}})
    assert woken


# --- messages that are not in the log ---------------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch) -> list[str]:
    """What this process sends to its subscribers."""
    found: list[str] = []
    monkeypatch.setattr(module.hub, "send_ephemeral", lambda message: found.append(message.json))
    return found


def application(name: str):
    """An application with one group, whose messages everybody of it may see."""

    def incoming(group: str, handler: str, data: dict) -> EphemeralMessage | None:
        return ephemeral_message(name, [name], {"type": handler, **data}) if group == name else None

    return {"groups": lambda user_ids: [name], "incoming": incoming}


def test_each_application_has_its_own_groups(shown):
    made = Broadcast()
    made.register(**application("chat"))
    made.register(**application("weather"))
    made._received("weather", {"type": "rain", "data": {}})
    made._received("chat", {"type": "typing", "data": {"who": 7}})
    made._received("nobody's", {"type": "typing", "data": {}})
    assert shown == ['{"type":"rain"}', '{"type":"typing","who":7}']
    assert made._wanted_groups() >= {"chat", "weather"}


def test_without_the_layer_a_message_reaches_its_own_process_and_no_thread_is_started(shown):
    made = Broadcast()
    made.register(**application("chat"))
    made.send_ephemeral("chat", "typing", {"who": 7})
    assert shown == ['{"type":"typing","who":7}']
    assert made.layer._sending.loop is None


def test_with_the_layer_a_message_is_shown_here_at_once_and_not_again_when_it_comes_back(broadcast, sent, shown):
    broadcast.register(**application(GROUP))
    broadcast.send_ephemeral(GROUP, "typing", {"who": 7})
    assert shown == ['{"type":"typing","who":7}']
    wait_until(lambda: sent, "the others are sent it")
    [own] = sent
    assert own["logged"] is None
    broadcast._received(GROUP, own)
    assert len(shown) == 1
    broadcast._received(GROUP, {**own, "sender": "another:1"})
    assert len(shown) == 2


def test_an_event_of_another_application_is_not_carried_in_the_offices_groups():
    @dataclass(frozen=True, kw_only=True)
    class Rain(EventType):
        type = "test_rain"
        topic = "test_weather"

    try:
        row = Event(id=7, type=Rain.type, fields={"text": "private"}, audience=["user:1"])
        assert channels_utils.messages_of(row) == []
    finally:
        del CATALOGUE[Rain.type]


def test_a_message_waits_for_nothing_while_redis_takes_none(broadcast, shown, monkeypatch):
    taken = threading.Event()

    class Stalled:
        async def send_many(self, messages):
            taken.set()
            await asyncio.sleep(60)

    monkeypatch.setattr(client, "_layer", Stalled)
    broadcast.register(**application("chat"))
    begin = time.monotonic()
    for number in range(100):
        broadcast.send_ephemeral("chat", "typing", {"who": number})
    assert time.monotonic() - begin < 0.25
    assert taken.wait(5)
    assert len(shown) == 100
