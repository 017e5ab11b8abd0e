"""Receipts and unread counts: they only move forward, agree with each other, and are told to whom they concern."""

import pytest

from messaging import conversations, editing, preferences, receipts, unread
from messaging.errors import Invalid
from messaging.models import Participant, Receipt
from messaging.serializing import messages_json
from realtime.access.audience import user_key
from realtime.log.models import Event
from tests.messaging.conftest import write
from tests.support.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(ana, ben, cora):
    return conversations.create(creator=ana, kind="group", participants=[ben, cora])


def told(kind: str) -> list[Event]:
    return list(Event.objects.filter(type=kind).order_by("id"))


def test_delivered_is_told_once_to_both_people(ana, ben):
    message = write(ana, ben)
    assert receipts.mark_delivered(ben, [message.pk]) == 1
    first = Receipt.objects.get().delivered_at
    assert receipts.mark_delivered(ben, [message.pk]) == 0
    assert Receipt.objects.get().delivered_at == first
    [event] = told("message_delivered")
    assert event.fields["message_ids"] == [message.pk]
    assert set(event.audience) == {user_key(ana.pk), user_key(ben.pk)}


def test_nobody_acknowledges_what_is_not_for_them(ana, ben, cora):
    message = write(ana, ben)
    for someone in (ana, cora):
        assert receipts.mark_delivered(someone, [message.pk]) == 0
        assert receipts.mark_read(someone, message_ids=[message.pk]).count == 0
        assert receipts.mark_read(someone, conversation=message.conversation).count == 0
    assert unread.total(ben) == (1, 1)
    assert not told("message_read")


def test_messages_that_are_read_one_by_one_leave_the_others_unread(ana, ben):
    first, second, third = (write(ana, ben) for _ in range(3))
    result = receipts.mark_read(ben, message_ids=[second.pk])
    assert (result.count, result.message_ids) == (1, [second.pk])
    assert unread.per_conversation(ben) == {first.conversation_id: 2}
    assert receipts.mark_read(ben, message_ids=[first.pk, second.pk, third.pk]).count == 2
    assert unread.total(ben) == (0, 0)


def test_a_conversation_is_read_up_to_a_message(ana, ben):
    first, second = write(ana, ben), write(ana, ben)
    assert receipts.mark_read(ben, conversation=first.conversation, up_to=first.pk).message_ids == [first.pk]
    assert receipts.mark_read(ben, conversation=first.conversation).message_ids == [second.pk]
    assert receipts.mark_read(ben, conversation=first.conversation).count == 0


def test_reading_sets_delivered_too_and_the_first_time_stays(ana, ben):
    message = write(ana, ben)
    read_at = receipts.mark_read(ben, message_ids=[message.pk]).read_at
    receipts.mark_read(ben, message_ids=[message.pk])
    receipt = Receipt.objects.get()
    assert (receipt.delivered_at, receipt.read_at) == (read_at, read_at)


def test_what_was_deleted_before_it_was_read_is_told_to_nobody(ana, ben):
    message = write(ana, ben)
    editing.delete(actor=ana, message_id=message.pk)
    assert receipts.mark_read(ben, conversation=message.conversation).count == 0
    assert not told("message_read")


def test_many_messages_are_told_in_several_events(ana, ben, monkeypatch):
    monkeypatch.setattr(receipts, "LISTED", 2)
    sent = [write(ana, ben) for _ in range(5)]
    assert receipts.mark_read(ben, conversation=sent[0].conversation).count == 5
    listed = [event.fields["message_ids"] for event in told("message_read")]
    assert [pk for one in listed for pk in one] == [one.pk for one in sent]
    assert [event.fields["up_to_id"] for event in told("message_read")] == [sent[1].pk, sent[3].pk, sent[4].pk]


def test_the_pointer_of_a_larger_conversation_only_moves_forward(ana, ben, group):
    first, second = write(ana, group), write(ana, group)
    assert unread.per_conversation(ben) == {group.pk: 2}
    assert receipts.mark_read(ben, message_ids=[second.pk]).count == 2
    assert receipts.mark_read(ben, conversation=group, up_to=first.pk).count == 0
    assert Participant.objects.get(conversation=group, person=ben).last_read_seq == 2
    assert unread.total(ben) == (0, 0)
    [event] = told("message_read")
    assert (event.fields["up_to_id"], event.fields["message_ids"]) == (second.pk, [])


def test_in_a_crowd_only_ones_own_devices_are_told(ana, ben, group, monkeypatch):
    monkeypatch.setattr(receipts, "TOLD", 2)
    write(ana, group)
    receipts.mark_read(ben, conversation=group)
    [event] = told("message_read")
    assert event.audience == [user_key(ben.pk)]


@pytest.mark.parametrize("silent", ["reader", "sender"])
def test_without_read_receipts_neither_side_is_told(ana, ben, silent):
    preferences.choose(ben if silent == "reader" else ana, sends_read_receipts=False)
    message = write(ana, ben)
    receipts.mark_read(ben, message_ids=[message.pk])
    [event] = told("message_read")
    assert event.audience == [user_key(ben.pk)]
    [shown], [own] = messages_json([message], ana), messages_json([message], ben)
    assert shown["read_at"] is None
    assert own["read_at"] is not None


def test_in_a_group_the_silent_neither_tell_nor_are_told(ana, ben, cora, group):
    preferences.choose(cora, sends_read_receipts=False)
    write(ana, group)
    receipts.mark_read(ben, conversation=group)
    receipts.mark_read(cora, conversation=group)
    assert [set(event.audience) for event in told("message_read")] == [
        {user_key(ana.pk), user_key(ben.pk)},
        {user_key(cora.pk)},
    ]


def test_own_messages_are_not_unread(ana, ben, group):
    write(ana, ben)
    write(ana, group)
    assert unread.total(ana) == (0, 0)
    assert unread.total(ben) == (2, 2)


def test_a_reply_is_unread_only_for_those_who_follow_its_thread(ana, ben, cora, group):
    root = write(ana, group)
    write(ben, group, parent_id=root.pk)
    counts = {one.username: unread.total(one)[0] for one in (ana, ben, cora)}
    assert counts == {ana.username: 1, ben.username: 1, cora.username: 1}  # ben and cora: the root
    write(cora, group, parent_id=root.pk)
    write(ana, group, parent_id=root.pk)
    counts = {one.username: unread.total(one)[0] for one in (ana, ben, cora)}
    assert counts == {ana.username: 2, ben.username: 3, cora.username: 3}
    dora = person()
    conversations.add_participants(ana, group, [dora])
    write(ana, group, parent_id=write(ben, group).pk)
    assert unread.total(dora)[0] == 1


@pytest.mark.parametrize(
    "ids", ["12", 12, [None], ["x"], [1.5], [[1]], [True], {"a": 1}, list(range(1, 1002)), [2**63]]
)
def test_what_is_no_list_of_ids_is_refused(ana, ids):
    for mark in (receipts.mark_delivered, lambda someone, ids: receipts.mark_read(someone, message_ids=ids)):
        with pytest.raises(Invalid):
            mark(ana, ids)


def test_ids_may_be_text(ana, ben):
    assert receipts.mark_read(ben, message_ids=[str(write(ana, ben).pk)]).count == 1
