"""What the drill says of conversations: each kind of fault is noticed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from realtime.log.models import Event
from realtime.log.replay import Frame
from tests.support.chat_clients import ChatClient, Told, told_by, told_of
from tests.support.conversed import differences
from tests.support.conversing import Record, Sent
from tests.support.taken_out import GRACE, Left, faults_of_leaving


@pytest.mark.parametrize(
    ("got", "what", "which"),
    [
        ([1, 3], "lost", [2]),
        ([1, 2, 2, 3], "twice", [2]),
        ([1, 3, 2], "out of order", [2]),
        ([1, 2, 3, 4], "not theirs", [4]),
    ],
)
def test_what_must_not_be_is_found(got, what, which):
    assert not any(differences([1, 2, 3], [1, 2, 3]).values())
    found = differences([1, 2, 3], got)
    assert {name: some for name, some in found.items() if some} == {what: which}


def frame(kind: str, audience: list[str], **fields) -> Frame:
    return Frame(Event(pk=1, type=kind, fields=fields, audience=audience))


def test_a_client_of_the_chat_is_told_of_its_direct_conversations_only():
    frames = [
        frame("message_read", ["user:1", "user:2"], message_ids=[5, 6], person_id=2),
        frame("message_read", ["conversation:3:1"], message_ids=[], person_id=2),
        frame("message_delivered", ["user:1", "user:2"], message_ids=[5], person_id=2),
        frame("message_deleted", ["user:3", "user:2"], message_id=9),
    ]
    both = [Told("read_receipt", 5), Told("read_receipt", 6)]
    assert list(told_of(frames, 1)) == [*both, Told("delivery_receipt", 5)]
    assert list(told_of(frames, 2)) == [*both, Told("message_deleted", 9)]
    assert list(told_of(frames, 4)) == []


def test_all_kinds_of_clients_say_the_same_of_a_message():
    said = {told_by(name, {"id": 7, "message": "Hi"}) for name in ("message", "chat_message", "message_sent")}
    assert said == {Told("message", 7, "Hi")}
    assert told_by("typing", {"sender_id": 7}) is None


def test_what_came_without_its_id_before_a_break_does_not_count():
    client = ChatClient(user_id=1, cursor=4, kind="sse", token="t")
    client.hear("read_receipt", {"message_id": 5}, None)
    client.before_connect()
    for number, event_id in ((5, None), (6, 8)):
        client.hear("read_receipt", {"message_id": number}, event_id)
    assert (client.told, client.cursor) == ([Told("read_receipt", 5), Told("read_receipt", 6)], 8)


def test_the_unread_count_follows_from_what_was_sent_and_read():
    record = Record()
    for number, receiver in ((1, 20), (2, 20), (3, None), (4, None)):
        record.sent[number] = Sent(number, 100 if receiver else 200, 10, receiver, f"a.{number}")
    record.read[20].add(1)
    record.read_up_to[20, 200] = 3
    assert record.receipts(20) == {1}
    assert record.unread(20, {10, 20}) == {100: 1, 200: 1}
    assert record.unread(10, {10, 20}) == {}
    assert record.unread(30, {10, 20}) == {}


@pytest.mark.parametrize(
    ("got", "fault"),
    [
        ([1, 3], ""),
        ([1, 2, 3], ""),
        ([3], "1 lost: [1]"),
        ([1], "1 lost: [3]"),
        ([1, 3, 4], "1 told after they were taken out: [4]"),
        ([1, 1, 3], "1 twice: [1]"),
        ([1, 3, 5], "1 told after they were taken out: [5]"),
    ],
)
def test_whoever_was_taken_out_is_told_no_more_after_two_seconds(got, fault):
    left = Left(seen=1, at=timezone.now())

    def event(number: int, seconds: float, *audience: str) -> Frame:
        at = left.at + timedelta(seconds=seconds)
        return Frame(Event(pk=number, type="message_read", at=at, fields={}, audience=list(audience)))

    group, grace = "conversation:9:1", GRACE.total_seconds()
    frames = [
        event(1, -1, group),
        event(2, grace - 1, group),
        event(3, grace + 1, group, "user:7"),
        event(4, grace + 1, group),
        event(5, grace - 1, "user:8"),
        frame("message_created", [group], message={"text": "", "kind": "text"}),
    ]
    frames[-1].id, frames[-1].at = 6, left.at + 2 * GRACE
    assert faults_of_leaving(frames, left, {group}, "user:7", got) == ([fault] if fault else [])


def test_that_nobody_wrote_after_somebody_was_taken_out_proves_nothing():
    [said] = faults_of_leaving([], Left(0, timezone.now()), {"conversation:9:1"}, "user:7", [])
    assert said.startswith("only 0 events")
