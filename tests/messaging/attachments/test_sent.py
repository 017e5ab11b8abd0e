"""An attachment is used once, by who uploaded it; only those who may read its message may have it."""

import pytest

from messaging import attached, conversations, editing, participants, sending
from messaging.attachments import sent as sent_module
from messaging.attachments.models import Attachment
from messaging.errors import Invalid, NotFound
from messaging.models import Message
from realtime.log.models import Event

pytestmark = pytest.mark.django_db


def test_a_message_carries_its_attachments_in_their_order(uploaded, sent):
    first, second = uploaded(b"one", "one.txt"), uploaded(b"two", "two.txt")
    message = sent(second, first)
    listed = attached.attachments().of_messages([message.pk])[message.pk]
    assert [one["name"] for one in listed] == ["two.txt", "one.txt"]
    assert listed[0] == {
        "id": second.pk,
        "name": "two.txt",
        "type": "text/plain",
        "kind": "document",
        "size": 3,
        "width": None,
        "height": None,
        "url": f"/api/v1/attachments/{second.pk}/download",
        "thumbnail_url": None,
        "state": "ready",
    }


def test_the_attachments_of_many_messages_are_read_by_one_query(uploaded, sent, django_assert_num_queries):
    messages = [sent(uploaded(b"Hello")) for _ in range(5)]
    with django_assert_num_queries(1):
        found = attached.attachments().of_messages([message.pk for message in messages])
    assert set(found) == {message.pk for message in messages}


def test_an_attachment_is_sent_once(uploaded, sent):
    attachment = uploaded(b"Hello")
    sent(attachment)
    with pytest.raises(Invalid) as refused:
        sent(attachment)
    assert (refused.value.code, refused.value.field) == ("unknown_attachment", "attachments")
    assert Message.objects.count() == 1


def test_only_who_uploaded_it_may_send_it(uploaded, sent, ben):
    with pytest.raises(Invalid):
        sent(uploaded(b"Hello", owner=ben))
    assert not Message.objects.exists()


@pytest.mark.parametrize("ids", [["/private/file.pdf"], [None], [{}], [0], [-1], [2**70], [True], [1.5], ["1", "1"]])
def test_anything_else_is_no_attachment(uploaded, ana, ben, ids):
    uploaded(b"Hello")
    with pytest.raises(Invalid):
        sending.send(sender=ana, receiver=ben, attachments=ids)
    assert not Message.objects.exists()


def test_a_refused_attachment_cannot_be_sent(uploaded, sent):
    attachment = uploaded(b"Hello")
    Attachment.objects.update(state="refused")
    with pytest.raises(Invalid):
        sent(attachment)


def test_a_pending_attachment_can_be_sent(uploaded, sent):
    attachment = uploaded(b"Hello")
    Attachment.objects.update(state="pending")
    message = sent(attachment)
    assert attached.attachments().of_messages([message.pk])[message.pk][0]["state"] == "pending"


def test_before_it_is_sent_only_its_owner_has_it(uploaded, ana, ben):
    attachment = uploaded(b"Hello")
    assert sent_module.find(ana, attachment.pk) == attachment
    with pytest.raises(NotFound):
        sent_module.find(ben, attachment.pk)


def test_then_those_have_it_who_may_read_the_message(uploaded, sent, ana, ben, cora):
    attachment = uploaded(b"Hello")
    sent(attachment)
    assert sent_module.find(ana, attachment.pk) == sent_module.find(ben, attachment.pk) == attachment
    for nobody in (cora, None):
        with pytest.raises(NotFound):
            sent_module.find(nobody, attachment.pk)


def test_whoever_is_disabled_has_nothing(uploaded, sent, ben):
    attachment = uploaded(b"Hello")
    sent(attachment)
    ben.is_active = False
    with pytest.raises(NotFound):
        sent_module.find(ben, attachment.pk)


def test_whoever_left_keeps_what_came_before_and_has_nothing_of_what_came_after(uploaded, ana, ben):
    group = conversations.create(creator=ana, kind="group", participants=[ben])
    before, after = uploaded(b"before"), uploaded(b"after")
    sending.send(sender=ana, conversation=group, attachments=[before.pk])
    participants.leave(ben, group)
    sending.send(sender=ana, conversation=group, attachments=[after.pk])
    assert sent_module.find(ben, before.pk) == before
    with pytest.raises(NotFound):
        sent_module.find(ben, after.pk)


def test_the_attachment_of_a_deleted_message_is_gone_for_everybody(uploaded, sent, ana, ben):
    attachment = uploaded(b"Hello")
    message = sent(attachment)
    editing.delete(actor=ana, message_id=message.pk)
    for person in (ana, ben):
        with pytest.raises(NotFound):
            sent_module.find(person, attachment.pk)


def test_the_event_of_a_message_carries_its_attachments_without_signatures(uploaded, sent):
    sent(uploaded())
    [event] = Event.objects.filter(type="message_created")
    [attachment] = event.fields["message"]["attachments"]
    assert attachment["url"].endswith("/download")
    assert attachment["thumbnail_url"].endswith("/thumbnail")
