"""Edits keep what was said before; deletions leave a tombstone, and lists show the message before it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging import conversations, editing, unread
from messaging.errors import Conflict, Forbidden, Invalid, NotFound
from messaging.models import Message, Participant
from realtime.log.models import Event
from realtime.log.replay import Frame
from tests.messaging.conftest import write

pytestmark = pytest.mark.django_db
WINDOW = timedelta(minutes=15)


def frames(kind: str) -> list[Frame]:
    return [Frame(row) for row in Event.objects.filter(type=kind).order_by("id")]


def test_an_edit_keeps_every_earlier_text_and_tells_the_new_one(ana, ben):
    message = write(ana, ben, "Frist")
    editing.edit(actor=ana, message_id=message.pk, text="First")
    editing.edit(actor=ana, message_id=message.pk, text="First!")
    assert [one.text for one in editing.earlier_texts(ben, message.pk)] == ["Frist", "First"]
    assert [frame.fields["message"]["text"] for frame in frames("message_edited")] == ["First", "First!"]
    assert Message.objects.get(pk=message.pk).edited_at is not None


def test_of_many_earlier_texts_the_newest_are_shown(ana, ben, monkeypatch):
    monkeypatch.setattr(editing, "EARLIER_TEXTS", 2)
    message = write(ana, ben, "0")
    for number in range(1, 4):
        editing.edit(actor=ana, message_id=message.pk, text=f"{number}")
    assert [one.text for one in editing.earlier_texts(ben, message.pk)] == ["1", "2"]


def test_the_same_text_again_is_no_edit(ana, ben):
    message = write(ana, ben, "Same")
    assert editing.edit(actor=ana, message_id=message.pk, text=" Same ").edited_at is None
    assert not frames("message_edited")


def test_only_its_author_edits_a_message(ana, ben, cora):
    message = write(ana, ben)
    with pytest.raises(Forbidden):
        editing.edit(actor=ben, message_id=message.pk, text="Mine")
    with pytest.raises(NotFound):
        editing.edit(actor=cora, message_id=message.pk, text="Mine")


@pytest.mark.parametrize("change", [editing.delete, lambda **values: editing.edit(text="Late", **values)])
def test_after_the_window_an_author_changes_nothing(ana, ben, change):
    message = write(ana, ben)
    Message.objects.filter(pk=message.pk).update(sent_at=timezone.now() - WINDOW - timedelta(seconds=1))
    with pytest.raises(Forbidden):
        change(actor=ana, message_id=message.pk, window=WINDOW)
    change(actor=ana, message_id=message.pk)


def test_a_deleted_message_is_a_tombstone_without_text(ana, ben):
    message = write(ana, ben, "Oops")
    editing.delete(actor=ana, message_id=message.pk)
    editing.delete(actor=ana, message_id=message.pk)
    left = Message.objects.get(pk=message.pk)
    assert (left.text, left.seq) == ("", 1)
    assert left.deleted_at is not None
    [frame] = frames("message_deleted")
    assert frame.fields == {
        "conversation_id": message.conversation_id,
        "message_id": message.pk,
        "seq": 1,
        "deleted_by": ana.pk,
    }
    assert editing.earlier_texts(ana, message.pk) == []
    with pytest.raises(Conflict):
        editing.edit(actor=ana, message_id=message.pk, text="Again")


def test_deleting_the_newest_message_shows_the_one_before_and_its_unread_is_gone(ana, ben):
    first = write(ana, ben, "First")
    second = write(ana, ben, "Second")
    assert unread.total(ben) == (2, 1)
    editing.delete(actor=ana, message_id=second.pk)
    [view] = conversations.list_for(ben)
    assert (view.last_message, view.unread) == (first, 1)
    editing.delete(actor=ana, message_id=first.pk)
    [view] = conversations.list_for(ben)
    assert (view.last_message, view.unread) == (None, 0)


def test_moderators_delete_what_others_wrote_and_members_do_not(ana, ben, cora):
    group = conversations.create(creator=ana, kind="group", participants=[ben, cora])
    message = write(ben, group)
    with pytest.raises(Forbidden):
        editing.delete(actor=cora, message_id=message.pk)
    conversations.set_role(ana, group, cora, Participant.Role.MODERATOR)
    editing.delete(actor=cora, message_id=message.pk, window=timedelta(0))
    assert Message.objects.get(pk=message.pk).deleted_by_id == cora.pk


def test_deleting_a_reply_lowers_the_count_of_its_thread(ana, ben):
    root = write(ana, ben)
    reply = write(ben, ana, parent_id=root.pk)
    editing.delete(actor=ben, message_id=reply.pk)
    root.refresh_from_db()
    assert root.thread_count == 0


@pytest.mark.parametrize("text", ["", "\0", "x" * 10_001, None, 3])
def test_an_edit_to_what_is_no_text_is_refused(ana, ben, text):
    message = write(ana, ben)
    with pytest.raises(Invalid):
        editing.edit(actor=ana, message_id=message.pk, text=text)


@pytest.mark.parametrize("message_id", [0, -1, 2**70, "x", None, True, 1.5, [], "९"])
def test_what_is_no_id_is_no_message(ana, message_id):
    with pytest.raises(NotFound):
        editing.delete(actor=ana, message_id=message_id)


def test_what_was_written_to_somebody_who_is_disabled_by_now_is_deleted_and_not_edited(ana, ben):
    message = write(ana, ben, "Secret")
    ben.is_active = False
    ben.save()
    with pytest.raises(Forbidden):
        editing.edit(actor=ana, message_id=message.pk, text="Another text")
    editing.delete(actor=ana, message_id=message.pk)
    assert Message.objects.get(pk=message.pk).deleted_at is not None
