"""This process's end of the channel layer: nothing stays behind, and nothing ends it."""

import asyncio
import socket
import time

import pytest
from asgiref.sync import async_to_sync
from channels.layers import channel_layers
from django.utils.module_loading import import_string
from redis import Redis as Connection

from gistagum.layers import channel_layers as layers_for
from realtime.channel_layer import client as module
from realtime.channel_layer.client import ChannelLayerClient, Message
from tests.support.ports import free_port, wait_until
from tests.support.redis import Redis


@pytest.fixture
def layer_of(monkeypatch):
    """Makes the layer of a site with this address of Redis."""

    def make(redis_url: str):
        made = import_string(layers_for(redis_url)["default"]["BACKEND"])
        layer = made(**layers_for(redis_url)["default"].get("CONFIG", {}))
        monkeypatch.setitem(channel_layers.backends, "default", layer)
        return layer

    return make


@pytest.fixture
def memory(layer_of):
    """The layer of a site without Redis."""
    return layer_of("")


@pytest.fixture
def redis():
    server = Redis()
    yield server
    server.stop()


@pytest.fixture
def through_redis(layer_of, redis):
    """The layer of a site with a Redis of its own."""
    return layer_of(redis.url)


@pytest.fixture(params=["memory", "through_redis"])
def followed(request):
    """Either of them."""
    return request.getfixturevalue(request.param)


class Process:
    """A process that follows some groups."""

    def __init__(self) -> None:
        self.groups: frozenset[str] = frozenset()
        self.got: list[dict] = []
        self.layer = ChannelLayerClient(self._take, lambda: self.groups)
        self.layer.start()

    def _take(self, group: str, message: dict) -> None:
        if message["data"] == {"bad": True}:
            raise ValueError("This is of no use.")
        self.got.append(message["data"])

    def follows(self, *groups: str) -> None:
        self.groups = frozenset(groups)
        wait_until(lambda: self.layer.subscribed == self.groups, f"it follows {groups}", 10)

    def there(self, look):
        """What ``look`` gives in the layer's own thread."""

        async def one():
            return look()

        return asyncio.run_coroutine_threadsafe(one(), self.layer._receiving.loop).result(5)

    def send(self, group: str, **data: object) -> None:
        self.layer.send(lambda: [Message(group, "say", data)])

    def includes(self, group: str, word: str) -> None:
        self.send(group, word=word)
        wait_until(lambda: {"word": word} in self.got, f"{word} from {group}", 5)


def test_a_group_that_nobody_here_needs_any_more_is_not_listened_to(followed):
    process = Process()
    for round_ in range(3):
        process.follows("all", "one")
        process.includes("one", f"round {round_}")
        process.follows("all")
        process.send("one", word="to nobody")
        process.includes("all", f"to somebody in round {round_}")
    assert {"word": "to nobody"} not in process.got


def test_a_message_of_no_use_costs_the_next_one_nothing(followed):
    process = Process()
    process.follows("all")
    process.layer.send(lambda: [Message("all", "say", {"bad": True}), Message("all", "say", {"word": "next"})])
    wait_until(lambda: {"word": "next"} in process.got, "the next message", 5)


def test_who_is_told_may_change_the_message_and_changes_nobody_elses(memory):
    process = Process()
    process.follows("all")
    message = {"type": "say", "data": {"word": "mine"}}
    async_to_sync(memory.group_send)("all", message)
    process.got[0]["word"] = "changed"
    assert message["data"] == {"word": "mine"}


def test_a_message_that_cannot_be_read_costs_the_next_one_nothing(through_redis, redis):
    process = Process()
    process.follows("readable")
    with Connection(port=redis.port) as client:
        for _ in range(3):
            assert client.publish("gistagum__group__readable", b"no message of ours") == 1
    process.includes("readable", "the next")


def test_following_costs_no_task_and_no_mailbox(through_redis, redis):
    process = Process()
    process.follows("all")
    tasks = process.there(lambda: len(asyncio.all_tasks()))
    process.follows("all", *(f"user_{number}" for number in range(100)))
    assert process.there(lambda: len(asyncio.all_tasks())) == tasks
    with Connection(port=redis.port) as client:
        wait_until(lambda: len(client.pubsub_channels()) == 101, "one subscription for each")
    process.follows()
    with Connection(port=redis.port) as client:
        wait_until(lambda: client.pubsub_channels() == [], "nothing is subscribed to")
    assert process.there(lambda: (len(through_redis.channels), len(through_redis.groups))) == (0, 0)


def test_tries_while_redis_is_away_leave_nothing_behind(layer_of, monkeypatch):
    nowhere = layer_of(f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    tries = []
    subscribe = nowhere.subscribe
    monkeypatch.setattr(nowhere, "subscribe", lambda *words: tries.append(1) or subscribe(*words))
    process = Process()
    process.groups = frozenset({"here", "there", "everywhere"})
    wait_until(lambda: len(tries) > 20, "it tries again and again", 10)
    process.groups = frozenset()
    tries.clear()
    wait_until(lambda: process.there(lambda: (len(nowhere.channels), len(nowhere.groups))) == (0, 0), "nothing is left")


def test_a_redis_that_never_answers_does_not_keep_the_next_try_waiting(layer_of, monkeypatch):
    monkeypatch.setattr(module, "SUBSCRIBE_SECONDS", 0.1)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(10)
        layer_of(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        process = Process()
        process.groups = frozenset({"all"})
        tries = [silent.accept()[0] for _ in range(3)]
        process.groups = frozenset()
        for one in tries:
            one.close()


def test_what_was_noted_together_is_sent_in_order_and_in_few_round_trips(followed, monkeypatch):
    trips = []
    send_many = followed.send_many

    async def counted(messages):
        trips.append(len(messages))
        await send_many(messages)

    monkeypatch.setattr(followed, "send_many", counted)
    process = Process()
    process.follows("all")
    words = [{"word": number} for number in range(module.TOGETHER + 10)]
    process.layer.send(*(lambda data=data: [Message("all", "say", data)] for data in words))
    wait_until(lambda: len(process.got) == len(words), "all of them")
    assert process.got == words
    assert len(trips) <= 3
    assert max(trips) <= module.TOGETHER


def test_an_event_whose_messages_cannot_be_made_keeps_nothing_from_the_others(memory, caplog):
    process = Process()
    process.follows("all")
    process.layer.send(lambda: 1 / 0, lambda: [Message("all", "say", {"word": "next"})])
    wait_until(lambda: {"word": "next"} in process.got, "the next one")
    assert "An event is not broadcast: ZeroDivisionError" in caplog.text


def test_who_only_sends_follows_nothing(through_redis, redis):
    sender = ChannelLayerClient(lambda group, message: None, lambda: frozenset({"all"}))
    process = Process()
    process.follows("all")
    sender.send(lambda: [Message("all", "say", {"word": "from elsewhere"})])
    wait_until(lambda: process.got, "it comes")
    with Connection(port=redis.port) as client:
        assert client.pubsub_numsub("gistagum__group__all") == [(b"gistagum__group__all", 1)]
    assert sender.subscribed == set()


def test_a_message_that_cannot_be_sent_costs_the_others_nothing(followed, caplog):
    process = Process()
    process.follows("all")
    by_name, by_content = Message("é " * 99, "say", {}), Message("all", "say", {"at": object()})
    bad = by_content if "PubSub" in type(followed).__name__ else by_name
    process.layer.send(lambda: [bad, Message("all", "say", {"word": "next"})])
    wait_until(lambda: {"word": "next"} in process.got, "the next one")
    assert process.layer.failed == 0
    assert "cannot be sent" in caplog.text


def test_nothing_to_send_says_nothing_about_redis(layer_of, caplog):
    layer_of(f"redis://127.0.0.1:{free_port()}/0")
    process = Process()
    wait_until(lambda: process.send("all") or process.layer.paused_until, "it is left alone")
    process.layer.paused_until = 0.001  # long ago
    process.layer.send(lambda: [])
    wait_until(lambda: not process.layer._outgoing, "it is looked at")
    assert "works again" not in caplog.text


def test_of_two_redis_the_one_that_lives_is_followed_and_sent_to(layer_of, redis, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    layer_of(f"redis://127.0.0.1:{free_port()}/0,{redis.url}")
    process, looks = Process(), []
    groups = [f"group{number}" for number in range(40)]

    def wanted() -> frozenset[str]:
        looks.append(None)
        return frozenset(groups)

    process.layer._groups = wanted
    wait_until(lambda: len(looks) > 1, "every group has been tried once")
    with Connection(port=redis.port) as client:
        wait_until(lambda: process.layer.subscribed, "those that can be")
        wait_until(lambda: len(client.pubsub_channels()) == len(process.layer.subscribed), "Redis knows of them")
    alive = set(process.layer.subscribed)
    assert len(alive) < len(groups)
    process.layer.send(lambda: [Message(group, "say", {"word": group}) for group in groups])
    wait_until(lambda: {one["word"] for one in process.got} == alive, "what goes to the living one")


def test_who_is_told_so_rests_before_it_receives_more(through_redis):
    begun, rests = [], [0.3]

    def take(group: str, message: dict) -> float | None:
        begun.append(time.monotonic())
        return rests.pop() if rests else None

    layer = ChannelLayerClient(take, lambda: frozenset({"all"}))
    layer.start()
    wait_until(lambda: layer.subscribed, "it follows")
    layer.send(lambda: [Message("all", "say", {}), Message("all", "say", {})])
    wait_until(lambda: len(begun) == 2, "both")
    assert begun[1] - begun[0] >= 0.3


def test_a_group_that_could_not_be_left_is_left_when_redis_is_back(through_redis, redis, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    process = Process()
    process.follows("all", "one")
    unsubscribe, failures = through_redis.unsubscribe, [1, 1]

    async def fails_at_first(group):
        if failures:
            failures.pop()
            raise ConnectionError("Redis is away")
        await unsubscribe(group)

    monkeypatch.setattr(through_redis, "unsubscribe", fails_at_first)
    process.follows("all")
    with Connection(port=redis.port) as client:
        wait_until(lambda: client.pubsub_channels() == [b"gistagum__group__all"], "it is left")
