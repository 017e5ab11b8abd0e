"""Who is typing: told once a second, to those who take part, gone after five seconds or with the message."""

import json
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging import conversations, participants
from messaging.errors import Forbidden, NotFound
from messaging.live import typing as module
from messaging.live.typing import LAPSE_SECONDS, MOST_KEYS, Typists, incoming, observe, typing
from realtime.access.audience import user_key
from realtime.channel_layer.broadcast import broadcast
from realtime.delivery.ephemeral import EphemeralMessage
from tests.messaging.conftest import write


class Clock:
    """The time, which the test moves on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shown(monkeypatch, clock) -> list[EphemeralMessage]:
    """What this process shows its subscribers. Nobody types at first, and no thread ends anybody."""
    found: list[EphemeralMessage] = []
    monkeypatch.setattr(module, "hub", SimpleNamespace(send_ephemeral=found.append))
    monkeypatch.setattr("realtime.channel_layer.broadcast.hub", module.hub)
    monkeypatch.setattr(module, "typists", Typists(found.append, clock, runs=False))
    monkeypatch.setattr(broadcast, "_wake_group", "")
    return found


def frames(shown: list[EphemeralMessage]) -> list[dict]:
    return [json.loads(message.json) for message in shown]


# --- whom a person may tell -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_other_person_of_a_direct_conversation_is_told_and_nobody_else(ana, ben, shown):
    place = write(ana, ben).conversation
    typing(ana, place)
    [message] = shown
    assert message.topic == "messages"
    assert message.audience == {user_key(ben.pk)}
    assert json.loads(message.json) == {
        "type": "typing",
        "conversation_id": place.pk,
        "person_id": ana.pk,
        "person_name": "Ana Reyes",
        "is_typing": True,
        "is_direct": True,
    }


@pytest.mark.django_db
def test_whoever_does_not_take_part_cannot_tell_and_learns_nothing(ana, ben, cora, shown):
    place = write(ana, ben).conversation
    for number in (place.pk, place.pk + 1, "x", -1):
        with pytest.raises(NotFound):
            typing(cora, number)
    assert shown == []


@pytest.mark.django_db
def test_whoever_may_only_read_cannot_tell(ana, ben, shown):
    place = conversations.create(creator=ana, kind="group", participants=[ben], subject="Roof")
    participants.set_role(ana, place, ben, "readonly")
    with pytest.raises(Forbidden):
        typing(ben, place)
    assert shown == []


# --- how often --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_however_many_keys_are_pressed_there_is_a_frame_a_second_and_no_query_in_between(ana, ben, shown, clock):
    place = write(ana, ben).conversation
    typing(ana, place)
    with CaptureQueriesContext(connection) as queries:
        for _ in range(9):
            clock.now += 0.1
            typing(ana, place)
    assert len(shown) == 1
    assert len(queries) == 0
    clock.now += 0.2
    typing(ana, place)
    assert [frame["is_typing"] for frame in frames(shown)] == [True, True]


@pytest.mark.django_db
def test_whoever_has_not_begun_cannot_stop_and_whoever_has_stops_at_once(ana, ben, shown):
    place = write(ana, ben).conversation
    typing(ana, place, False)
    assert shown == []
    typing(ana, place)
    typing(ana, place, False)
    typing(ana, place, False)
    assert [frame["is_typing"] for frame in frames(shown)] == [True, False]


@pytest.mark.django_db
def test_whoever_begins_and_stops_all_the_time_is_told_of_once_a_second(ana, ben, shown, clock):
    place = write(ana, ben).conversation
    for _ in range(5):
        typing(ana, place)
        typing(ana, place, False)
        assert incoming(module.GROUP, "typing", said(place=place.pk, person=ana.pk)) is None  # of another process
    assert [frame["is_typing"] for frame in frames(shown)] == [True, False]
    clock.now += 1
    typing(ana, place)
    assert [frame["is_typing"] for frame in frames(shown)] == [True, False, True]


@pytest.mark.django_db
def test_after_a_message_the_next_one_is_begun_at_once(ana, ben, shown):
    place = write(ana, ben).conversation
    for _ in range(2):
        typing(ana, place)
        observe([SimpleNamespace(type="message_created", fields={"message": _by(ana, place)})])
    assert [frame["is_typing"] for frame in frames(shown)] == [True, False] * 2


def _by(someone, place) -> dict:
    return {"conversation_id": place.pk, "sender_id": someone.pk}


def said(is_typing: bool = True, place: int = 7, person: object = 1) -> dict:
    frame = {"conversation_id": place, "person_id": person, "person_name": "Ana", "is_typing": is_typing}
    return {"frame": frame, "audience": ["user:2"]}


def test_what_two_processes_say_within_a_second_is_one_frame(shown, clock):
    assert incoming(module.GROUP, "typing", said()) is not None
    clock.now += 0.5
    assert incoming(module.GROUP, "typing", said()) is None
    assert incoming(module.GROUP, "typing", said(place=8)) is not None
    assert incoming(module.GROUP, "typing", said(person="0e6dd36b-4f8a-4a4e-8e9c-1b2f3a4c5d6e")) is not None


# --- the end ----------------------------------------------------------------------------------------------------


def test_after_five_seconds_without_news_nobody_types(shown, clock):
    incoming(module.GROUP, "typing", said())
    clock.now += 3
    incoming(module.GROUP, "typing", said())
    clock.now += LAPSE_SECONDS - 0.1
    assert module.typists.lapse() == pytest.approx(0.1)
    assert shown == []
    clock.now += 0.1
    assert module.typists.lapse() is None
    [frame] = frames(shown)
    assert (frame["conversation_id"], frame["person_id"], frame["is_typing"]) == (7, 1, False)
    assert shown[0].audience == {"user:2"}
    assert len(module.typists) == 0


def test_those_who_go_on_typing_stay(shown, clock):
    incoming(module.GROUP, "typing", said(person=1))
    incoming(module.GROUP, "typing", said(person=2))
    clock.now += 4
    incoming(module.GROUP, "typing", said(person=1))
    clock.now += 1
    assert module.typists.lapse() == pytest.approx(4)
    assert [frame["person_id"] for frame in frames(shown)] == [2]


def test_a_message_ends_the_typing_of_its_sender_alone(shown):
    incoming(module.GROUP, "typing", said(person=1))
    incoming(module.GROUP, "typing", said(person=2))
    message = {"conversation_id": 7, "sender_id": 1}
    observe([SimpleNamespace(type="message_created", fields={"message": message})])
    observe([SimpleNamespace(type="message_created", fields={"message": {**message, "conversation_id": 8}})])
    assert [(frame["person_id"], frame["is_typing"]) for frame in frames(shown)] == [(1, False)]


def test_a_thread_ends_them_and_goes_when_nobody_types(monkeypatch):
    monkeypatch.setattr(module, "LAPSE_SECONDS", 0.05)
    shown: list[EphemeralMessage] = []
    made = Typists(shown.append)
    made.take((7, 1), "Ana", frozenset({"user:2"}), True)
    thread = made._thread
    thread.join(5)
    assert not thread.is_alive()
    assert [frame["is_typing"] for frame in frames(shown)] == [False]
    made.take((7, 1), "Ana", frozenset({"user:2"}), True)
    made._thread.join(5)
    assert len(shown) == 2


# --- bounds, and what others put into the group -----------------------------------------------------------------


def test_so_many_type_and_no_more(shown, monkeypatch):
    monkeypatch.setattr(module, "MOST_TYPISTS", 3)
    for person in range(5):
        incoming(module.GROUP, "typing", said(person=person))
    assert len(module.typists) == 3
    assert [frame["person_id"] for frame in frames(shown)] == [0, 1]  # have stopped


JUNK = [
    {},
    {"frame": None, "audience": []},
    {"frame": {}, "audience": ["user:2"]},
    {**said(), "audience": None},
    {**said(), "audience": [7]},
    {**said(), "audience": [[]]},
    {**said(), "audience": ["user:2"] * (MOST_KEYS + 1)},
    said(is_typing="yes"),
    said(place="7"),
    said(person=None),
    said(person=[1]),
    {"frame": {**said()["frame"], "person_name": 7}, "audience": []},
]


@pytest.mark.parametrize("data", JUNK, ids=str)
def test_junk_in_the_group_is_nothing(shown, data):
    assert incoming(module.GROUP, "typing", data) is None
    assert len(module.typists) == 0


def test_messages_of_other_groups_and_handlers_are_somebody_elses(shown):
    assert incoming("servers", "typing", said()) is None
    assert incoming(module.GROUP, "presence", said()) is None
