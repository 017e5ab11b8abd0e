"""The chat's stream: frames, who gets them, what is resumed, and the contract's faults by number."""

import time

import pytest
from django.middleware.gzip import GZipMiddleware
from django.test import Client

from messaging import conversations, sending
from messaging.chat import streams as module
from messaging.chat.frames import HEARTBEAT_SECONDS, frames_for
from messaging.models import Receipt
from messaging.notices.announcing import announce
from realtime.access import tickets
from realtime.access.identity import of_key
from realtime.delivery.protocol import Send
from realtime.transports.presented import TOKEN
from realtime.transports.sse import Slots
from realtime.transports.sse_encoding import NamedEncoder
from realtime.transports.token_buckets import TokenBuckets
from tests.messaging.chat.conftest import CHAT, OldClient
from tests.messaging.chat.streams import STREAM, Stream, frames_of
from tests.support.people import person

pytestmark = pytest.mark.usefixtures("live_chat")

MESSAGE = {
    "id",
    "sender_id",
    "sender_name",
    "receiver_id",
    "message",
    "attachment",
    "attachment_url",
    "attachment_type",
    "timestamp",
    "is_read",
    "conversation_id",
    "sender",
    "receiver",
    "conversation",
    "sender_avatar",
}


@pytest.fixture
def ana(live_chat):
    return person(first_name="Ana", last_name="Reyes")


@pytest.fixture
def ben(live_chat):
    return person(first_name="Ben", last_name="Cruz")


def opened(client: OldClient, after: str = "") -> Stream:
    stream = Stream(client.key, after)
    assert stream.next("connected") == {"status": "connected", "user_id": client.person.pk}
    return stream


def test_a_message_is_told_to_the_receiver_as_the_contract_describes_it(as_ana, as_ben, ana, ben):
    with opened(as_ben) as stream:
        sent = as_ana.send(ben, "Good morning")
        got = stream.next("message")
        assert set(got) == MESSAGE
        for name in ("id", "message", "timestamp", "sender", "receiver", "conversation", "sender_name"):
            assert got[name] == sent[name], name
        assert (got["sender_id"], got["receiver_id"], got["is_read"]) == (ana.pk, ben.pk, False)
        assert got["conversation_id"] == str(sent["conversation"])


@pytest.mark.parametrize("header", ["Token", "Bearer"])
def test_the_token_may_stand_in_a_header(as_ana, header):
    response = Client().get(STREAM, {"token": ""}, headers={"authorization": f"{header} {as_ana.key}"})
    assert response.status_code == 200
    response.close()


def test_a_ticket_opens_one_stream(as_ana):
    ticket = tickets.issue(of_key(TOKEN, as_ana.key))
    response = Client().get(STREAM, {"ticket": ticket})
    assert response.status_code == 200
    response.close()
    assert Client().get(STREAM, {"ticket": ticket}).status_code == 401


@pytest.mark.parametrize("query", [{}, {"token": "invented"}, {"token": "a\0b"}, {"ticket": "invented"}])
def test_who_is_not_let_in_gets_a_status_and_json(query):
    response = Client().get(STREAM, query)
    assert (response.status_code, response.json()) == (401, {"error": "Unauthorized"})
    assert response["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_other_methods_are_refused(as_ana, method):
    response = getattr(Client(enforce_csrf_checks=True), method)(f"{STREAM}?token={as_ana.key}")
    assert (response.status_code, response["Allow"]) == (405, "GET")


def test_the_server_that_has_no_room_says_so_in_json(as_ana, settings):
    settings.SSE_MAX_STREAMS = 0
    response = Client().get(STREAM, {"token": as_ana.key})
    assert (response.status_code, list(response.json())) == (503, ["error"])


# --- the faults of the old system -------------------------------------------------------------------------------


def test_fault_2_and_3_a_stream_is_never_compressed_and_has_no_headers_of_a_hop(as_ana, rf):
    request = rf.get(STREAM, {"token": as_ana.key}, headers={"accept-encoding": "gzip"})
    response = GZipMiddleware(module.events)(request)
    assert not {"Content-Encoding", "Connection", "Keep-Alive"} & set(response.headers)
    assert (response["Content-Type"], response["Cache-Control"]) == ("text/event-stream", "no-cache")
    assert response["X-Accel-Buffering"] == "no"
    response.close()


def test_fault_6_a_person_has_ten_streams_and_the_oldest_gives_way(as_ana, live_chat):
    streams = [opened(as_ana) for _ in range(module.MOST_STREAMS + 1)]
    assert streams[0].next("disconnected") == {"status": "disconnected"}
    assert streams[0].frame() is None
    assert live_chat.subscribers() >= module.MOST_STREAMS
    for stream in streams:
        stream.close()
    assert live_chat.subscribers() == 0


def test_fault_8_a_heartbeat_comes_by_its_own_clock():
    assert 15 <= HEARTBEAT_SECONDS <= 30
    encoder = NamedEncoder(frames_for("http://testserver"), 7)
    encoder.encode(Send(1))
    [heartbeat] = frames_of(encoder.encode(Send(1, beat=True)).decode())
    assert heartbeat.name == "heartbeat"
    assert abs(heartbeat.data["timestamp"] - time.time()) < 5


def test_fault_9_and_15_what_happened_while_a_client_was_away_is_told_when_it_returns(as_ana, as_ben, ben):
    with opened(as_ben) as stream:
        as_ana.send(ben, "before")
        assert stream.next("message")["message"] == "before"
        stood = stream.last_id
    for number in range(120):
        sending.send(sender=as_ana.person, receiver=ben, text=f"{number}")
    with Stream(as_ben.key, stood) as stream:
        stream.next("connected")
        told = [stream.next("message")["message"] for _ in range(120)]
    assert told == [f"{number}" for number in range(120)]


def test_fault_9_retry_is_three_seconds_and_only_what_is_in_the_log_has_an_id(as_ana, as_ben, ben):
    response = Client().get(STREAM, {"token": as_ben.key})
    assert next(iter(response.streaming_content)).startswith(b"retry: 3000\n")
    response.close()
    with opened(as_ben) as stream:
        as_ana.post("chats/typing/", {"receiver_id": ben.pk})
        as_ana.send(ben)
        told = [stream.frame() for _ in range(3)]
        assert {(frame.name, bool(frame.id)) for frame in told} == {("typing", False), ("message", True)}


def test_fault_10_the_other_tabs_of_both_are_told(as_ana, as_ben, ana, ben):
    with opened(as_ana) as sender, opened(as_ben) as first, opened(as_ben) as second:
        sent = as_ana.send(ben)
        for stream in (sender, first, second):
            assert stream.next("message")["id"] == sent["id"]
        assert sender.next("delivery_receipt")["message_id"] == sent["id"]
        as_ben.post("chats/mark-read/", {"message_ids": [sent["id"]]})
        for stream in (sender, first, second):
            assert stream.next("read_receipt")["message_id"] == sent["id"]


def test_fault_11_a_read_receipt_comes_for_each_message_with_the_time_of_the_answer(as_ana, as_ben, ana, ben):
    sent = [as_ana.send(ben)["id"] for _ in range(3)]
    with opened(as_ana) as stream:
        answer = as_ben.post("chats/mark-read/", {"sender_id": str(ana.pk)}).json()
        told = [stream.next("read_receipt") for _ in sent]
    assert [one["message_id"] for one in told] == sent
    assert {one["read_at"] for one in told} == {answer["read_at"]}
    assert {(one["reader_id"], one["reader_name"]) for one in told} == {(ben.pk, "Ben Cruz")}


def test_fault_12_a_message_is_delivered_when_a_stream_got_it(as_ana, as_ben, ben):
    sent = as_ana.send(ben)
    assert sent["delivered_at"] is None
    assert not Receipt.objects.exclude(delivered_at=None).exists()
    with opened(as_ana) as stream, opened(as_ben) as receiver:
        sent = as_ana.send(ben)
        receiver.next("message")
        live = [stream.next("message")["id"], stream.next("delivery_receipt")["message_id"]]
    assert live == [sent["id"]] * 2
    assert as_ana.get(f"chats/{sent['id']}/").json()["delivered_at"] is not None


def test_fault_13_notifications_reach_a_person_and_everybody(as_ana, as_ben, ana):
    with opened(as_ana) as one, opened(as_ben) as other:
        announce(title="For Ana", message="Text", person=ana)
        announce(title="For all", message="Text")
        said = one.next("notification")
        assert {"title", "message", "notification_type", "id", "timestamp", "action_url"} <= set(said)
        assert said["title"] == "For Ana"
        assert [stream.next("notification")["title"] for stream in (one, other)] == ["For all"] * 2


@pytest.mark.parametrize("end", ["sign out", "disable"])
def test_fault_16_whoever_signs_out_or_is_disabled_loses_the_stream(as_ana, ana, end):
    with opened(as_ana) as stream:
        began = time.monotonic()
        if end == "sign out":
            assert as_ana._client.post("/api/v1/auth/logout/").status_code == 200
        else:
            ana.is_active = False
            ana.save()
        stream.next("disconnected")
        assert stream.frame() is None
        assert time.monotonic() - began < 2
    assert Client().get(STREAM, {"token": as_ana.key}).status_code == 401


def test_fault_17_a_server_that_stops_ends_the_stream_with_a_word(as_ana, live_chat):
    with opened(as_ana) as stream:
        live_chat.close()
        assert stream.next("disconnected") == {"status": "disconnected"}
        assert stream.frame() is None


def test_fault_29_who_comes_is_told_as_presence():
    frames = frames_for("http://testserver")
    said = {"type": "presence", "person_id": 7, "is_online": True, "last_seen": None}
    [frame] = frames.state(said)
    assert (frame.name, frame.data) == ("presence", {"user_id": 7, "is_online": True, "last_seen": None})


def test_fault_30_typing_is_told_once_a_second_and_ends_with_the_message(as_ana, as_ben, ana, ben):
    with opened(as_ben) as stream:
        for _ in range(5):
            assert as_ana.post("chats/typing/", {"receiver_id": ben.pk, "is_typing": True}).json() == {"success": True}
        assert stream.next("typing") == {"sender_id": ana.pk, "sender_name": "Ana Reyes", "is_typing": True}
        as_ana.send(ben)
        told = [stream.frame() for _ in range(2)]  # in either order, since there was no conversation before
        assert {frame.name for frame in told} == {"message", "typing"}
        assert next(frame.data["is_typing"] for frame in told if frame.name == "typing") is False
        as_ana.post("chats/typing/", {"receiver_id": ben.pk})
        assert stream.next("typing")["is_typing"] is True
        as_ana.send(ben)
        stream.next("message")
        assert stream.next("typing")["is_typing"] is False


def test_a_message_that_is_changed_or_deleted_is_told(as_ana, as_ben, ben):
    with opened(as_ben) as stream:
        sent = as_ana.send(ben)
        assert stream.next("message")["is_read"] is False
        as_ben.post("chats/mark-read/", {"message_ids": [sent["id"]]})
        stream.next("read_receipt")
        as_ana.patch(f"chats/{sent['id']}/", {"message": "Corrected"})
        edited = stream.next("message_edited")
        assert (edited["message"], edited["is_read"]) == ("Corrected", True)
        as_ana.delete(f"chats/{sent['id']}/")
        assert stream.next("message_deleted")["message_id"] == sent["id"]


def test_what_is_said_in_larger_conversations_is_not_for_old_clients(as_ana, as_ben, ana, ben):
    group = conversations.create(creator=ana, kind="group", participants=[ben])
    with opened(as_ben) as stream:
        sending.send(sender=ana, conversation=group, text="To all")
        as_ana.send(ben, "To Ben")
        assert stream.next("message")["message"] == "To Ben"


# --- the stream for tries ---------------------------------------------------------------------------------------


def test_the_stream_for_tries_counts_to_five(monkeypatch, live_chat):
    monkeypatch.setattr(module.hub, "wait_for_end", lambda seconds: False)
    response = Client().get(f"{CHAT}sse/test/")
    assert response["Content-Type"] == "text/event-stream"
    told = list(frames_of(b"".join(response.streaming_content).decode()))
    assert [(one.name, one.data.get("count")) for one in told] == [("test", n) for n in range(5)] + [("complete", None)]
    assert told[0].data["message"] == "Test event 1"
    assert told[-1].data == {"message": "Test complete"}


def test_few_may_open_the_stream_for_tries_at_once_and_an_address_not_often(monkeypatch, settings, live_chat):
    monkeypatch.setattr(module, "_test_slots", Slots(1))
    monkeypatch.setattr(module, "_testers", TokenBuckets(3, 0.1))
    address = f"{CHAT}sse/test/"
    opened = Client().get(address)
    assert Client().get(address).status_code == 503
    opened.close()
    settings.SSE_MAX_STREAMS = 0
    assert Client().get(address).status_code == 503
    refused = Client().get(address)
    assert (refused.status_code, refused["Retry-After"]) == (429, "10")
    assert module._test_slots.taken == 0
