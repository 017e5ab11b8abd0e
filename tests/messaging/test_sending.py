"""Sending: direct conversations are made by their first message, numbers have no gaps, a retry doubles nothing."""

import pytest
from django.db import connection

from messaging import checking, conversations, sending, unread
from messaging.errors import Conflict, Forbidden, Invalid, NotFound
from messaging.models import Conversation, Message, Participant, Receipt
from realtime.access.audience import user_key
from realtime.log.models import Event
from tests.messaging.conftest import write

pytestmark = pytest.mark.django_db


def events(kind: str = "message_created") -> list[Event]:
    return list(Event.objects.filter(type=kind).order_by("id"))


def test_the_first_message_makes_the_direct_conversation(ana, ben):
    assert conversations.open_direct(ana, ben) is None
    message = write(ana, ben)
    place = conversations.open_direct(ben, ana)
    assert place is not None
    assert message.conversation_id == place.pk
    assert set(place.participants.values_list("person_id", flat=True)) == {ana.pk, ben.pk}
    assert (place.kind, place.last_seq, place.last_message_id) == ("direct", 1, message.pk)


def test_either_side_writes_into_the_same_direct_conversation(ana, ben):
    assert write(ana, ben).conversation_id == write(ben, ana).conversation_id
    assert Conversation.objects.count() == 1


def test_messages_are_numbered_without_gaps_also_after_one_was_refused(ana, ben):
    place = write(ana, ben).conversation
    with pytest.raises(Invalid):
        write(ana, place, parent_id=999_999)
    assert [write(ana, place).seq, write(ben, place).seq] == [2, 3]


def test_the_event_of_a_direct_message_is_for_its_two_people(ana, ben):
    message = write(ana, ben, "Good morning")
    [event] = events()
    assert set(event.audience) == {user_key(ana.pk), user_key(ben.pk)}
    assert event.fields["conversation_id"] == message.conversation_id
    assert event.fields["message"]["sender_name"] == "Ana Reyes"


def test_a_message_that_is_refused_leaves_no_event_and_no_conversation(ana, ben):
    ben.is_active = False
    ben.save()
    with pytest.raises(NotFound):
        write(ana, ben)
    assert not events()
    assert not Conversation.objects.exists()


def test_a_message_that_is_sent_again_with_its_client_id_is_the_same(ana, ben):
    first, made = sending.send(sender=ana, receiver=ben, text="Once", client_id="c-1")
    second, made_again = sending.send(sender=ana, receiver=ben, text="Once", client_id="c-1")
    assert (made, made_again) == (True, False)
    assert first.pk == second.pk
    assert len(events()) == 1


def test_the_same_client_id_of_another_sender_is_another_message(ana, ben):
    assert write(ana, ben, client_id="c-1").pk != write(ben, ana, client_id="c-1").pk


def test_a_client_id_that_was_used_elsewhere_is_a_conflict(ana, ben, cora):
    write(ana, ben, client_id="c-1")
    with pytest.raises(Conflict):
        write(ana, cora, client_id="c-1")
    assert conversations.open_direct(ana, cora) is None


@pytest.mark.parametrize(
    "text",
    ["", "   ", "a\0b", "x" * (checking.TEXT_LIMIT + 1), "\ud800", None, 7, ["a"], {"a": 1}, True],
    ids=["empty", "blank", "nul", "long", "surrogate", "null", "number", "list", "object", "boolean"],
)
def test_what_is_no_text_is_refused(ana, ben, text):
    with pytest.raises(Invalid):
        write(ana, ben, text)
    assert not Message.objects.exists()


def test_the_longest_text_is_kept_whole(ana, ben):
    text = "ñ" * checking.TEXT_LIMIT
    assert Message.objects.get(pk=write(ana, ben, text).pk).text == text


@pytest.mark.parametrize("client_id", ["", "x" * 65, 7, "a\0"])
def test_what_is_no_client_id_is_refused(ana, ben, client_id):
    with pytest.raises(Invalid):
        write(ana, ben, client_id=client_id)


def test_texts_are_encrypted_in_the_database_and_in_the_log(ana, ben):
    message = write(ana, ben, "The vault is open")
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM communication_message WHERE id = %s", [message.pk])
        [stored] = cursor.fetchone()
    [event] = events()
    assert "vault" not in stored
    assert "vault" not in str(event.fields)
    assert Message.objects.get(pk=message.pk).text == "The vault is open"


def test_a_note_to_oneself_has_one_participant_and_no_receipt(ana):
    note = write(ana, ana, "Buy rice")
    assert note.conversation.participants.count() == 1
    assert not Receipt.objects.exists()
    assert unread.total(ana) == (0, 0)
    [view] = conversations.list_for(ana)
    assert (view.unread, view.other) == (0, ana)
    assert write(ana, note.conversation, "And fish").seq == 2


def test_a_reply_to_a_reply_is_attached_to_the_root(ana, ben):
    root = write(ana, ben)
    reply = write(ben, ana, parent_id=root.pk)
    again = write(ana, ben, parent_id=reply.pk)
    assert (reply.parent_id, again.parent_id) == (root.pk, root.pk)
    root.refresh_from_db()
    assert root.thread_count == 2


def test_a_reply_to_a_message_of_another_conversation_is_refused(ana, ben, cora):
    elsewhere = write(ana, cora)
    for sender in (ana, ben):
        with pytest.raises(Invalid):
            write(sender, ben if sender is ana else ana, parent_id=elsewhere.pk)


def test_a_stranger_cannot_write_into_a_conversation(ana, ben, cora):
    place = write(ana, ben).conversation
    with pytest.raises(NotFound):
        write(cora, place)


@pytest.mark.parametrize(("kind", "role"), [("group", "readonly"), ("system", "admin")])
def test_who_may_only_read_cannot_write(ana, ben, kind, role):
    place = conversations.create(creator=None, kind=kind, participants=[ana, ben])
    Participant.objects.filter(conversation=place, person=ben).update(role=role)
    with pytest.raises(Forbidden):
        write(ben, place)


def test_a_program_writes_where_nobody_writes(ana, ben):
    place = conversations.create(creator=None, kind="system", participants=[ana, ben], subject="News")
    message = sending.send_by_program(place, "The office is closed on Friday.")
    assert (message.seq, message.kind, message.sender_id) == (1, "system", None)
    assert unread.total(ana) == unread.total(ben) == (1, 1)
    [event] = events()
    assert event.fields["message"]["sender_name"] == "System"
    for refused, values in ((Invalid, (place, "")), (Conflict, (write(ana, ben).conversation, "Hello"))):
        with pytest.raises(refused):
            sending.send_by_program(*values)


def test_a_message_needs_a_fixed_number_of_queries(ana, ben, django_assert_max_num_queries):
    write(ana, ben)
    with django_assert_max_num_queries(12):
        write(ana, ben)
