"""The bytes of Server-Sent Events, and the slots that bound the streams of a process."""

import gc
import re
import threading
from datetime import UTC, datetime

import pytest
from django.test import Client

from projeng.access import Role
from realtime.access.credentials import SESSION, Credential
from realtime.delivery.hub import Hub
from realtime.delivery.protocol import Send
from realtime.delivery.subscriber import Subscriber, Subscription
from realtime.log.models import Event
from realtime.log.replay import NO_EVENTS, Frame, LogSlice
from realtime.transports import sse as module
from realtime.transports.sse import Slot, Slots
from realtime.transports.sse_encoding import Encoder
from tests.support.people import person

AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def frame(number: int, **fields) -> Frame:
    return Frame(Event(pk=number, type="test", fields=fields, at=AT))


@pytest.fixture
def encoder() -> Encoder:
    """One that has said its first word, and stands at 10."""
    made = Encoder()
    made.encode(Send(10))
    return made


# --- bytes ------------------------------------------------------------------------------------------------------


def test_the_first_word_says_how_soon_to_return_and_where_the_stream_stands():
    said = Encoder().encode(Send(10, states=('{"type":"a"}',)))
    match = re.fullmatch(rb'retry: (\d+)\nid: 10\n\ndata: {"type":"a"}\n\n', said)
    assert match
    assert 1_000 <= int(match[1]) <= 6_000


def test_browsers_return_at_different_times():
    assert len({Encoder().encode(Send(1)) for _ in range(50)}) > 10


def test_an_event_comes_with_its_id(encoder):
    event = '{"id":12,"type":"test","at":"2026-11-20T16:00:00+08:00","n":1}'
    assert encoder.encode(Send(12, LogSlice([frame(12, n=1)]))) == f"id: 12\ndata: {event}\n\n".encode()


def test_several_events_are_several_frames_in_one_write(encoder):
    events = LogSlice([frame(11), frame(12), frame(15)])
    assert encoder.encode(Send(15, events)) == b"".join(event.sse for event in events)


def test_what_many_are_told_is_joined_once_and_held_once():
    events = LogSlice([frame(11), frame(12)])
    several = [Encoder() for _ in range(3)]
    for one in several:
        one.encode(Send(10))
    assert len({id(one.encode(Send(12, events))) for one in several}) == 1


def test_state_carries_no_id(encoder):
    assert encoder.encode(Send(10, states=('{"a":1}', '{"b":2}'))) == b'data: {"a":1}\n\ndata: {"b":2}\n\n'


def test_state_follows_events(encoder):
    assert encoder.encode(Send(12, LogSlice([frame(12)]), ('{"a":1}',))) == frame(12).sse + b'data: {"a":1}\n\n'


def test_a_cursor_that_moved_past_what_is_for_others_is_told_in_a_block_without_data(encoder):
    assert encoder.encode(Send(12, LogSlice([frame(11)]))) == frame(11).sse + b"id: 12\n\n"
    assert encoder.encode(Send(14, states=("{}",))) == b"id: 14\n\ndata: {}\n\n"


def test_a_heartbeat_is_a_comment(encoder):
    assert encoder.encode(Send(10)) == b": heartbeat\n\n"


def test_a_heartbeat_tells_a_cursor_that_moved(encoder):
    assert encoder.encode(Send(12)) == b": heartbeat\nid: 12\n\n"
    assert encoder.encode(Send(12)) == b": heartbeat\n\n"


def test_the_last_word_without_an_error_is_the_cursor_at_most(encoder):
    assert encoder.encode(Send(10, last=True)) == b""
    assert encoder.encode(Send(11, last=True)) == b"id: 11\n\n"


@pytest.mark.parametrize("told", [None, 3, 12])
@pytest.mark.parametrize("events", [NO_EVENTS, LogSlice([frame(12)])], ids=["no event", "event"])
@pytest.mark.parametrize("states", [(), ("{}",)], ids=["no state", "state"])
@pytest.mark.parametrize("cursor", [12, 13])
def test_every_write_is_whole_blocks_and_leaves_the_browser_at_the_cursor(told, events, states, cursor):
    """A browser throws away what no blank line ends, and takes over an id only with its block."""
    encoder = Encoder()
    if told is not None:
        encoder.encode(Send(told))
    said = encoder.encode(Send(cursor, events, states)).decode()
    assert said.endswith("\n\n")
    blocks = said.split("\n\n")[:-1]
    assert all(block for block in blocks)
    ids = [line.removeprefix("id: ") for block in blocks for line in block.split("\n") if line.startswith("id: ")]
    assert (ids or [str(told)])[-1] == str(cursor)
    data = [block for block in blocks if "data: " in block]
    assert len(data) == len(events) + len(states)


def test_text_that_looks_like_the_format_stays_inside_its_frame(encoder):
    said = encoder.encode(Send(12, LogSlice([frame(12, message="a\n\nid: 99\r\ndata: no\revent: x")]))).decode()
    assert said.count("\n") == 3
    assert "\r" not in said


# --- slots ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_server_that_stops_asks_browsers_back_within_seconds(monkeypatch):
    """Another one is there soon, or this one again: nobody waits as long as for a free slot."""
    monkeypatch.setattr(module.hub, "closing", True)
    client = Client()
    client.force_login(person(Role.HEAD))
    answers = [client.get("/projeng/api/realtime/events/") for _ in range(20)]
    assert {answer.status_code for answer in answers} == {503}
    waits = {int(answer["Retry-After"]) for answer in answers}
    assert len(waits) > 1
    assert waits <= set(range(1, 5))


def test_there_are_so_many_slots_and_one_given_back_can_be_taken_again(settings):
    settings.SSE_MAX_STREAMS = 2
    slots = Slots()
    assert [slots.take(), slots.take(), slots.take()] == [True, True, False]
    slots.give_back()
    assert [slots.take(), slots.take()] == [True, False]


def test_a_slot_is_given_back_once_however_often_it_is_released(settings):
    settings.SSE_MAX_STREAMS = 2
    slots = Slots()
    slots.take()
    slots.take()
    slot = Slot(slots)
    slot.release()
    slot.release()
    del slot
    gc.collect()
    assert slots.taken == 1


def test_a_slot_whose_stream_never_began_is_given_back_when_it_is_forgotten():
    slots = Slots()
    slots.take()
    slot = Slot(slots)
    circle = [slot]
    circle.append(circle)
    del slot, circle
    gc.collect()
    assert slots.taken == 0


def test_a_forgotten_slot_may_be_collected_at_any_moment_even_inside_the_hub(monkeypatch):
    """The garbage collector runs in the middle of whatever a thread does: no lock may be waited for there."""
    hub = Hub()
    hub._thread = threading.current_thread()
    monkeypatch.setattr(module, "hub", hub)
    monkeypatch.setattr("realtime.delivery.hub.authority.load", lambda ids: {})
    monkeypatch.setattr("realtime.delivery.hub.credentials.is_living", lambda credential: True)
    slots = Slots()
    slots.take()
    forgotten = [Slot(slots)]
    forgotten[0].attach(Subscriber(1, Credential(SESSION, "s"), Subscription(frozenset()), 0))

    def at_work():
        with hub._lock, slots._lock:
            forgotten.clear()

    thread = threading.Thread(target=at_work, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive(), "the thread waits for a lock that it holds itself"
