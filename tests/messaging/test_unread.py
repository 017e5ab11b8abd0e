"""Unread counts of larger conversations, compared with counting message by message."""

import random
from typing import Any

import pytest

from messaging import conversations, editing, receipts, unread
from messaging.models import Conversation, Message, Participant
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
