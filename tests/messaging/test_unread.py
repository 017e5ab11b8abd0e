"""Unread counts, compared with counting message by message."""

import random
from typing import Any

import pytest

from messaging import conversations, editing, receipts, unread
from messaging.models import Conversation, Message, Participant, Receipt
from tests.messaging.conftest import write
from tests.support.people import person

pytestmark = pytest.mark.django_db


def counted_one_by_one(someone: Any, place: Conversation) -> int:
    """What is unread for a person, by the words of messaging/unread.py."""
    row = Participant.objects.get(conversation=place, person=someone)
    messages = list(Message.objects.filter(conversation=place).select_related("parent"))
    threads = {one.parent_id for one in messages if one.sender_id == someone.pk and one.deleted_at is None}
    return sum(
        one.seq > row.last_read_seq
        and one.sender_id != someone.pk
        and one.deleted_at is None
        and (one.parent is None or one.parent.sender_id == someone.pk or one.parent_id in threads)
        for one in messages
    )


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happened_the_counts_are_those_of_the_messages(seed):
    chance = random.Random(seed)
    people = [person() for _ in range(4)]
    place = conversations.create(creator=people[0], kind="group", participants=people)
    for _ in range(60):
        someone = chance.choice(people)
        written = list(place.messages.filter(deleted_at=None))
        match chance.choice(["write", "write", "reply", "reply", "delete", "read", "read some"]):
            case "write":
                write(someone, place)
            case "reply" if written:
                write(someone, place, parent_id=chance.choice(written).pk)
            case "delete" if written:
                message = chance.choice(written)
                editing.delete(actor=message.sender, message_id=message.pk)
            case "read":
                before = unread.total(someone)[0]
                assert receipts.mark_read(someone, conversation=place).count == before
            case "read some" if written:
                before = unread.total(someone)[0]
                count = receipts.mark_read(someone, message_ids=[chance.choice(written).pk]).count
                assert unread.total(someone)[0] == before - count
    expected = {one.pk: counted_one_by_one(one, place) for one in people}
    assert sum(expected.values()) > 0
    assert {one.pk: unread.of_conversation(one, place) for one in people} == expected
    found = unread.counted_among([one.pk for one in people])
    assert {pk: counts[place.pk].number if place.pk in counts else 0 for pk, counts in found.items()} == expected


@pytest.mark.parametrize("seed", range(4))
def test_in_a_direct_conversation_the_counts_are_those_of_the_receipts(seed):
    chance = random.Random(seed)
    ana, ben = person(), person()
    place = write(ana, ben).conversation
    write(person(), ana)  # of another conversation
    seen = set()
    for _ in range(60):
        someone = chance.choice([ana, ben])
        written = list(place.messages.filter(deleted_at=None))
        before = unread.of_conversation(someone, place)
        match chance.choice(["write", "write", "write", "reply", "delete", "read", "read up to", "read some"]):
            case "write":
                write(someone, place)
            case "reply" if written:
                write(someone, place, parent_id=chance.choice(written).pk)
            case "delete" if written:
                message = chance.choice(written)
                editing.delete(actor=message.sender, message_id=message.pk)
            case "read":
                assert receipts.mark_read(someone, conversation=place).count == before
            case "read up to" if written:
                count = receipts.mark_read(someone, conversation=place, up_to=chance.choice(written).pk).count
                assert unread.of_conversation(someone, place) == before - count
            case "read some" if written:
                ids = [one.pk for one in chance.sample(written, min(3, len(written)))]
                count = receipts.mark_read(someone, message_ids=ids).count
                assert unread.of_conversation(someone, place) == before - count
        for one in (ana, ben):
            waiting = Receipt.objects.filter(person=one, read_at=None, message__conversation=place)
            expected = waiting.filter(message__deleted_at=None).count()
            assert unread.of_conversation(one, place) == unread.counted(one).get(place.pk, 0) == expected
            seen.add(expected)
            row = Participant.objects.get(conversation=place, person=one)
            settled = waiting.filter(message__deleted_at=None, message__seq__lte=row.settled_seq)
            assert not settled.exists()
    assert len(seen) > 4


def test_where_an_older_release_marked_messages_as_read_the_count_is_right():
    """It moves the pointer to the newest message that was read, and knows no other."""
    ana, ben = person(), person()
    messages = [write(ana, ben) for _ in range(5)]
    place = messages[0].conversation
    Receipt.objects.filter(message=messages[3]).update(read_at=messages[4].sent_at)
    Participant.objects.filter(conversation=place, person=ben).update(last_read_seq=4)
    assert unread.of_conversation(ben, place) == 4
    assert receipts.mark_read(ben, conversation=place).count == 4
    assert unread.total(ben) == (0, 0)


def test_notes_are_never_unread_and_are_not_looked_through():
    ana = person()
    for _ in range(3):
        place = write(ana, ana).conversation
    assert unread.total(ana) == (0, 0)
    assert Participant.objects.get(conversation=place, person=ana).settled_seq == 3
