"""The one envelope in the shapes of other clients: named frames, encoded once for everybody of the same scope."""

import json
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime

import pytest

from realtime.delivery.protocol import Send
from realtime.log.models import Event
from realtime.log.replay import Frame, LogSlice
from realtime.transports import sse_encoding, websocket_encoding
from realtime.transports.adapters import Adapter, NamedFrame

AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


class Letters(Adapter):
    """A letter is one frame, a parcel two; nothing becomes of anything else. Who sent a letter is told so."""

    heartbeat_seconds = 20.0

    def __init__(self) -> None:
        super().__init__()
        self.made = 0

    def opening(self, user_id) -> Iterable[NamedFrame]:
        return [NamedFrame("connected", {"user_id": user_id})]

    def scope(self, events: LogSlice, user_id) -> Hashable:
        return user_id in events.encoded(_senders)

    def event(self, frame: Frame, scope: Hashable) -> Iterable[NamedFrame]:
        self.made += 1
        if frame.type == "letter":
            return [NamedFrame("sent" if scope else "letter", {"text": frame.fields["text"]})]
        return [NamedFrame("parcel", {}), NamedFrame("receipt", {})] if frame.type == "parcel" else []

    def state(self, frame: dict) -> Iterable[NamedFrame]:
        return [NamedFrame("typing", {"by": frame["by"]})] if frame["type"] == "typing" else []

    def heartbeat(self) -> Iterable[NamedFrame]:
        return [NamedFrame("heartbeat", {})]

    def ending(self, reason: str) -> Iterable[NamedFrame]:
        return [NamedFrame("disconnected", {"reason": reason})]


def _senders(events: LogSlice) -> set[int]:
    return {frame.fields["by"] for frame in events if "by" in frame.fields}


def event(number: int, kind: str = "letter", **fields) -> Frame:
    return Frame(Event(pk=number, type=kind, fields={"text": "hi", **fields}, at=AT))


@pytest.fixture
def adapter() -> Letters:
    return Letters()


@pytest.fixture
def stream(adapter) -> sse_encoding.NamedEncoder:
    """One that has begun, and stands at 10."""
    made = sse_encoding.NamedEncoder(adapter, 7)
    made.encode(Send(10))
    return made


@pytest.fixture
def socket(adapter) -> websocket_encoding.NamedEncoder:
    made = websocket_encoding.NamedEncoder(adapter, 7)
    made.encode(Send(10))
    return made


# --- Server-Sent Events -----------------------------------------------------------------------------------------


def test_a_stream_begins_with_its_opening_frame_and_says_when_to_return(adapter):
    said = sse_encoding.NamedEncoder(adapter, 7).encode(Send(10))
    assert said == b'retry: 3000\nid: 10\nevent: connected\ndata: {"user_id":7}\n\n'


def test_what_was_missed_follows_the_opening_frame(adapter):
    said = sse_encoding.NamedEncoder(adapter, 7).encode(Send(11, LogSlice([event(11)])))
    opening = b'retry: 3000\nevent: connected\ndata: {"user_id":7}\n\n'
    assert said == opening + b'id: 11\nevent: letter\ndata: {"text":"hi"}\n\n'


def test_an_event_is_a_frame_with_its_name_and_its_id(stream):
    assert stream.encode(Send(12, LogSlice([event(12)]))) == b'id: 12\nevent: letter\ndata: {"text":"hi"}\n\n'


def test_of_several_frames_the_last_has_the_id(stream):
    said = stream.encode(Send(12, LogSlice([event(12, "parcel")])))
    assert said == b"event: parcel\ndata: {}\n\nid: 12\nevent: receipt\ndata: {}\n\n"


def test_an_event_that_becomes_nothing_moves_the_cursor(stream):
    assert stream.encode(Send(12, LogSlice([event(12, "unknown")]))) == b"id: 12\n\n"


def test_frames_without_id_have_none(stream):
    states = ('{"type":"typing","by":8}', '{"type":"unknown"}')
    assert stream.encode(Send(10, states=states)) == b'event: typing\ndata: {"by":8}\n\n'


def test_a_heartbeat_tells_where_the_stream_stands(stream):
    assert stream.encode(Send(12, beat=True)) == b"id: 12\nevent: heartbeat\ndata: {}\n\n"
    assert stream.encode(Send(12, beat=True)) == b"event: heartbeat\ndata: {}\n\n"


def test_the_last_frame_says_that_the_server_ends_the_stream(stream):
    ended = Send(10, states=('{"type":"error","message":"signed out"}',), last=True, ending="signed out")
    assert stream.encode(ended) == b'event: disconnected\ndata: {"reason":"signed out"}\n\n'


def test_text_that_looks_like_the_format_stays_inside_its_frame(stream):
    said = stream.encode(Send(12, LogSlice([event(12, text="a\n\nid: 99\r\nevent: x")]))).decode()
    assert said.count("\n") == 4
    assert "\r" not in said


# --- WebSocket --------------------------------------------------------------------------------------------------


def test_a_message_has_its_name_as_type(socket):
    assert socket.encode(Send(12, LogSlice([event(12)]))) == ('{"type":"letter","text":"hi"}',)


def test_one_event_is_no_message_one_or_several(socket):
    events = LogSlice([event(11, "unknown"), event(12), event(13, "parcel")])
    said = [json.loads(text)["type"] for text in socket.encode(Send(13, events))]
    assert said == ["letter", "parcel", "receipt"]


def test_a_socket_begins_with_its_opening_and_has_heartbeats(adapter):
    socket = websocket_encoding.NamedEncoder(adapter, 7)
    assert socket.encode(Send(10)) == ('{"type":"connected","user_id":7}',)
    assert socket.encode(Send(12, beat=True)) == ('{"type":"heartbeat"}',)


def test_a_socket_that_resumes_is_told_the_id_of_each_event_in_its_last_frame(adapter):
    socket = websocket_encoding.NamedEncoder(adapter, 7, numbered=True)
    socket.encode(Send(10))
    events = LogSlice([event(11), event(12, "parcel"), event(13, "nothing")])
    assert socket.encode(Send(13, events)) == (
        '{"type":"letter","text":"hi","event_id":11}',
        '{"type":"parcel"}',
        '{"type":"receipt","event_id":12}',
    )


def test_where_nothing_becomes_of_anything_nothing_is_sent():
    socket = websocket_encoding.NamedEncoder(Adapter(), 7)
    steps = [Send(10), Send(11, LogSlice([event(11)])), Send(11, states=("{}",)), Send(11, beat=True)]
    assert [socket.encode(step) for step in steps] == [()] * 4


# --- once for everybody -----------------------------------------------------------------------------------------


def test_what_many_are_told_is_made_and_encoded_once(adapter):
    events = LogSlice([event(11), event(12)])
    streams = [sse_encoding.NamedEncoder(adapter, number) for number in range(100)]
    for one in streams:
        one.encode(Send(10))
    assert len({id(one.encode(Send(12, events))) for one in streams}) <= 2  # joined with nothing: the same bytes
    assert adapter.made == 2


def test_people_of_another_scope_get_another_shape_and_cost_one_making_more(adapter):
    events = LogSlice([event(11, by=3)])
    said = {}
    for number in range(100):
        socket = websocket_encoding.NamedEncoder(adapter, number)
        socket.encode(Send(10))
        [text] = socket.encode(Send(11, events))
        said.setdefault(json.loads(text)["type"], []).append(number)
    assert said["sent"] == [3]
    assert len(said["letter"]) == 99
    assert adapter.made == 2


def test_two_doors_make_their_own_of_the_same_events():
    events = LogSlice([event(11)])
    first, second = Letters(), Letters()
    for adapter in (first, second):
        sse_encoding.NamedEncoder(adapter, 7).encode(Send(11, events))
        websocket_encoding.NamedEncoder(adapter, 7).encode(Send(11, events))
    assert (first.made, second.made) == (2, 2)
