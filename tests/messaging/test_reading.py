"""History in pages, lists of conversations, and what each costs."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import access, conversations, editing, membership, reading, receipts
from messaging.errors import Invalid, NotFound
from messaging.models import Conversation, Message, Participant, Receipt
from messaging.serializing import messages_json
from tests.messaging.conftest import write

pytestmark = pytest.mark.django_db


def numbers(someone, place, **values) -> tuple[list[int], bool]:
    page, more = reading.history(someone, place, **values)
    return [one.seq for one in page], more


@pytest.fixture
def ten(ana, ben) -> list[Message]:
    return [write(ana if number % 2 else ben, ben if number % 2 else ana) for number in range(10)]


def test_pages_go_back_from_the_newest(ana, ten):
    place = ten[0].conversation
    assert numbers(ana, place, limit=4) == ([10, 9, 8, 7], True)
    assert numbers(ana, place, limit=4, before_id=ten[6].pk) == ([6, 5, 4, 3], True)
    assert numbers(ana, place, limit=4, before_seq=3) == ([2, 1], False)
    assert numbers(ana, place, limit=10) == (list(range(10, 0, -1)), False)


def test_pages_go_forward_from_a_message(ana, ten):
    place = ten[0].conversation
    assert numbers(ana, place, limit=3, after_id=ten[4].pk) == ([8, 7, 6], True)
    assert numbers(ana, place, limit=3, after_seq=8) == ([10, 9], False)
    assert numbers(ana, place, limit=3, after_seq=0) == ([3, 2, 1], True)


def test_a_thread_is_read_by_its_root(ana, ben, ten):
    write(ana, ben, parent_id=ten[2].pk)
    assert numbers(ben, ten[0].conversation, parent_id=ten[2].pk) == ([11], False)


def test_tombstones_can_be_left_out(ana, ten):
    editing.delete(actor=ten[9].sender, message_id=ten[9].pk)
    assert numbers(ana, ten[0].conversation, limit=2)[0] == [10, 9]
    assert numbers(ana, ten[0].conversation, limit=2, deleted=False)[0] == [9, 8]


@pytest.mark.parametrize("bound", ["x", -1, 2**64, [], True])
def test_what_is_no_bound_is_refused(ana, ten, bound):
    with pytest.raises(Invalid):
        reading.history(ana, ten[0].conversation, before_id=bound)


def test_a_stranger_reads_nothing(cora, ten):
    with pytest.raises(NotFound):
        reading.history(cora, ten[0].conversation)


def test_a_long_conversation_opens_with_as_many_queries_as_a_short_one(ana, ben, cora):
    def queries(place) -> int:
        with CaptureQueriesContext(connection) as captured:
            found = access.find(ana, place.pk)
            conversations.view(ana, found)
            messages_json(reading.history(ana, place)[0], ana)
            receipts.mark_read(ana, conversation=place)
        return len(captured)

    short, long = write(ben, ana).conversation, write(cora, ana).conversation
    filled = [
        Message(conversation=long, seq=number, sender=cora, text="x", sent_at=timezone.now())
        for number in range(2, 1001)
    ]
    now = timezone.now()
    Receipt.objects.bulk_create(
        Receipt(message=one, person=ana, delivered_at=now, read_at=now) for one in Message.objects.bulk_create(filled)
    )
    Conversation.objects.filter(pk=long.pk).update(last_seq=1000, last_message=Message.objects.latest("pk"))
    assert queries(long) == queries(short) <= 24


def test_the_list_shows_the_newest_activity_first_with_preview_and_unread(ana, ben, cora):
    write(ben, ana, "From Ben")
    write(cora, ana, "From Cora")
    first, second = conversations.list_for(ana)
    assert [(one.title, one.last_message.text, one.unread) for one in (first, second)] == [
        ("Cora Lim", "From Cora", 1),
        ("Ben Cruz", "From Ben", 1),
    ]
    write(ana, ben, "Hello")
    assert [one.title for one in conversations.list_for(ana)] == ["Ben Cruz", "Cora Lim"]
    assert [one.title for one in conversations.list_for(ana, limit=1, offset=1)] == ["Cora Lim"]
    assert [one.title for one in conversations.list_for(ana, before=second.conversation.pk)] == ["Cora Lim"]


@pytest.mark.parametrize(
    ("search", "found"), [("cruz", {"Ben Cruz"}), ("BEN C", {"Ben Cruz"}), ("bridge", {"The Bridge"}), ("zzz", set())]
)
def test_the_list_is_searched_by_title_and_by_people(ana, ben, cora, search, found):
    write(ana, ben)
    write(ana, cora)
    conversations.create(creator=ana, kind="group", participants=[], subject="The Bridge")
    assert {one.title for one in conversations.list_for(ana, search=search)} == found


def test_an_archived_conversation_comes_back_with_its_next_message(ana, ben):
    place = write(ben, ana).conversation
    conversations.archive(ana, place)
    assert conversations.list_for(ana, archived=False) == []
    assert [one.is_archived for one in conversations.list_for(ana, archived=True)] == [True]
    assert [one.is_archived for one in conversations.list_for(ben)] == [False]
    write(ben, ana)
    assert [one.is_archived for one in conversations.list_for(ana)] == [False]
    conversations.archive(ana, place)
    conversations.unarchive(ana, place)
    assert len(conversations.list_for(ana, archived=False)) == 1


def test_a_muted_conversation_is_so_until_then(ana, ben):
    place = write(ben, ana).conversation
    conversations.mute(ana, place, timezone.now() + timedelta(hours=1))
    assert [one.is_muted for one in conversations.list_for(ana)] == [True]
    conversations.mute(ana, place, timezone.now() - timedelta(seconds=1))
    assert [one.is_muted for one in conversations.list_for(ana)] == [False]


def test_a_direct_conversation_without_a_message_is_listed_for_its_maker_alone(ana, ben):
    conversations.create(creator=ana, kind="direct", participants=[ana, ben])
    assert len(conversations.list_for(ana)) == 1
    assert conversations.list_for(ben) == []


def test_a_list_of_a_thousand_conversations_takes_five_queries(ana, django_assert_max_num_queries):
    users = get_user_model()
    others = users.objects.bulk_create(users(username=f"other{number}", password="!") for number in range(1000))
    now = timezone.now()
    places = Conversation.objects.bulk_create(
        Conversation(kind="direct", direct_key=membership.direct_key(ana.pk, one.pk), last_seq=1, last_message_at=now)
        for one in others
    )
    Participant.objects.bulk_create(
        Participant(conversation=place, person=one)
        for place, other in zip(places, others, strict=True)
        for one in (ana, other)
    )
    messages = Message.objects.bulk_create(
        Message(conversation=place, seq=1, sender=other, text="x") for place, other in zip(places, others, strict=True)
    )
    for place, message in zip(places, messages, strict=True):
        place.last_message = message
    Conversation.objects.bulk_update(places, ["last_message"])
    with django_assert_max_num_queries(5):
        listed = conversations.list_for(ana)
        assert [one.title and one.last_message.text for one in listed] == ["x"] * 1000


def test_the_list_is_not_continued_behind_a_conversation_of_others(ana, ben, cora):
    write(ana, ben)
    foreign = write(ben, cora).conversation
    assert conversations.list_for(ana, before=foreign.pk) == []


def test_the_unread_ones_of_a_thousand_conversations_take_five_queries(ana, ben, django_assert_max_num_queries):
    rows = Conversation.objects.bulk_create(
        Conversation(kind="group", title=f"Group {number}", last_seq=number % 2) for number in range(1000)
    )
    Participant.objects.bulk_create(Participant(conversation=place, person=ana) for place in rows)
    Message.objects.bulk_create(
        Message(conversation=place, seq=1, sender=ben, text="x", sent_at=timezone.now()) for place in rows[1::2]
    )
    write(ben, ana)
    with django_assert_max_num_queries(5):
        found = conversations.list_for(ana, archived=False, unread_only=True)
    assert len(found) == 501
    assert all(one.unread for one in found)


def test_what_is_read_archived_or_of_others_is_not_among_the_unread(ana, ben, cora):
    def unread(**more):
        return [one.title for one in conversations.list_for(ana, unread_only=True, **more)]

    asked = write(ben, ana, "Asked")
    write(ana, cora, "Own")
    group = conversations.create(creator=ana, kind="group", participants=[ben, cora], subject="The Bridge")
    first = write(ben, group, "First")
    write(cora, group, "An answer to somebody else", parent_id=first.pk)
    assert unread() == ["The Bridge", "Ben Cruz"]
    receipts.mark_read(ana, conversation=group, up_to=first.pk)
    assert unread() == ["Ben Cruz"]
    conversations.archive(ana, asked.conversation)
    assert (unread(archived=False), unread(archived=True)) == ([], ["Ben Cruz"])
    editing.delete(actor=ben, message_id=asked.pk)
    assert unread() == []
