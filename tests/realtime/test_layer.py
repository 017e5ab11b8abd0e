"""This process's end of the channel layer: nothing stays behind, and nothing ends it."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from channels import layers
from channels.layers import InMemoryChannelLayer, channel_layers
from channels_redis.pubsub import RedisPubSubChannelLayer
from redis import Redis as Connection

from gistagum.layers import channel_layers as layers_for
from realtime import layer as module
from realtime.layer import Layer, Message
from tests.support.ports import free_port, wait_until
from tests.support.redis import Redis

DAYS = 3 * 86400


@pytest.fixture
def memory():
    """The layer of a site without Redis."""
    layer = InMemoryChannelLayer(**layers_for("")["default"]["CONFIG"])
    before = channel_layers.set("default", layer)
    yield layer
    channel_layers.set("default", before)


class Process:
    """A process that follows some groups."""

    def __init__(self, *groups: str) -> None:
        self.groups = set(groups)
        self.got: list[dict] = []
        self.layer = Layer(self._take, self._followed)
        self.layer.start()

    def _take(self, group: str, message: dict) -> None:
        if message["data"] == {"bad": True}:
            raise ValueError("This is of no use.")
        self.got.append(message["data"])

    def _followed(self) -> frozenset[str]:
        return frozenset(self.groups)

    def there(self, look):
        """What ``look`` gives in the layer's own thread."""

        async def one():
            return look()

        return asyncio.run_coroutine_threadsafe(one(), self.layer._loop).result(5)

    def send(self, group: str, **data: object) -> None:
        self.layer.send([Message(group, "say", data)])

    def gets(self, group: str, word: str) -> None:
        self.send(group, word=word)
        wait_until(lambda: {"word": word} in self.got, f"{word} from {group}", 5)


def test_a_group_that_nobody_here_needs_any_more_fills_no_mailbox(memory):
    process = Process("all")
    for round_ in range(3):
        process.groups.add("one")
        wait_until(lambda: memory.groups.get("one"), "joined", 5)
        process.gets("one", f"round {round_}")
        process.groups.discard("one")
        wait_until(lambda: not memory.groups.get("one"), "left", 5)
    process.send("one", word="to nobody")
    process.gets("all", "to somebody")
    assert [mailbox.qsize() for mailbox in memory.channels.values()] in ([], [0])


def test_a_message_of_no_use_costs_the_next_one_nothing(memory):
    process = Process("all")
    wait_until(lambda: memory.groups.get("all"), "joined", 5)
    mailboxes = set(memory.groups["all"])
    process.layer.send([Message("all", "say", {"bad": True}), Message("all", "say", {"word": "next"})])
    wait_until(lambda: {"word": "next"} in process.got, "the next message", 5)
    assert set(memory.groups["all"]) == mailboxes


@pytest.fixture
def redis():
    server = Redis()
    yield server
    server.stop()


def test_a_message_that_cannot_be_read_costs_no_mailbox_and_not_the_next_one(memory, monkeypatch):
    receive = memory.receive
    unreadable = [True, True]

    async def sometimes(channel):
        message = await receive(channel)
        if unreadable:
            unreadable.pop()
            raise ValueError("no message of ours")
        return message

    monkeypatch.setattr(memory, "receive", sometimes)
    process = Process("readable")
    wait_until(lambda: memory.groups.get("readable"), "joined", 5)
    mailboxes = set(memory.groups["readable"])
    for word in ("one", "two"):
        process.send("readable", word=word)
    process.gets("readable", "three")
    assert set(memory.groups["readable"]) == mailboxes
    process.groups.clear()
    wait_until(lambda: not process.there(followers), "left")


def test_who_is_no_longer_wanted_in_the_middle_of_joining_leaves_nothing_in_redis(monkeypatch, redis):
    layer = RedisPubSubChannelLayer(**layers_for(redis.url)["default"]["CONFIG"])
    before = channel_layers.set("default", layer)
    joining = []

    async def slowly(group, channel):
        joining.append(channel)
        await asyncio.Event().wait()  # until it is no longer wanted

    monkeypatch.setattr(layer, "group_add", slowly, raising=False)
    try:
        process = Process("hesitant")
        wait_until(lambda: joining, "it joins")
        process.groups.clear()
        wait_until(lambda: not process.there(followers), "it has left")
        with Connection(port=redis.port) as client:
            wait_until(lambda: client.pubsub_channels() == [], "nothing is subscribed to")
        assert process.there(lambda: (len(layer.channels), len(layer.groups))) == (0, 0)
    finally:
        channel_layers.set("default", before)


def followers() -> list[asyncio.Task]:
    return [task for task in asyncio.all_tasks() if task.get_coro().__name__ == "_follow"]


@pytest.fixture
def nowhere():
    """The layer of a site whose Redis is away."""
    config = layers_for(f"redis://127.0.0.1:{free_port()}/0")["default"]["CONFIG"]
    layer = RedisPubSubChannelLayer(**config)
    before = channel_layers.set("default", layer)
    yield layer
    channel_layers.set("default", before)


def test_tries_to_join_while_redis_is_away_leave_no_mailboxes_behind(nowhere, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    tries = []
    new_channel = nowhere.new_channel
    monkeypatch.setattr(nowhere, "new_channel", lambda prefix: tries.append(1) or new_channel(prefix))
    process = Process("here", "there", "everywhere")
    wait_until(lambda: len(tries) > 20, "it tries again and again", 10)

    assert process.there(lambda: len(nowhere.channels)) <= 1  # that of the present try
    process.groups.clear()
    wait_until(lambda: not process.there(followers), "nobody tries any more")


def test_a_membership_lasts_longer_than_a_day(memory, monkeypatch):
    process = Process("all")
    wait_until(lambda: memory.groups.get("all"), "joined", 5)
    monkeypatch.setattr(layers, "time", SimpleNamespace(time=lambda: time.time() + DAYS))
    process.gets("all", "the first look forgets whom it may")
    process.gets("all", "still here")
