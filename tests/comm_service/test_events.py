"""The events of changes: in the log, for the user whom the row is for, in the change's transaction."""

import pytest
from django.db import DatabaseError

from comm_service import events, services
from comm_service.callers import INTERNAL
from comm_service.models import Document, Message, Notification
from realtime.log.events import opened
from realtime.log.models import Event
from tests.comm_service.asking import LEAST, U, V, ask, row_of

pytestmark = pytest.mark.django_db


def logged():
    return [(one.type, one.audience, one.fields) for one in Event.objects.filter(type__startswith="comm_")]


def test_a_posted_message_is_told_to_its_receiver(legacy):
    assert ask(legacy, "POST", "messages/", {**LEAST["messages"], "subject": "s"}).status_code == 201
    row = Message.objects.get()
    data = {
        "id": str(row.pk),
        "sender_id": str(U),
        "receiver_id": str(V),
        "subject": "s",
        "created_at": events.frame_time(row.created_at),
    }
    assert logged() == [("comm_message_created", [f"comm:{V}"], {"data": data})]
    assert data["created_at"].endswith("+00:00")


def test_a_posted_notification_is_told_to_its_user(legacy):
    ask(legacy, "POST", "notifications/", {**LEAST["notifications"], "title": "t"})
    [(kind, audience, fields)] = logged()
    assert (kind, audience) == ("comm_notification_created", [f"comm:{U}"])
    assert list(fields["data"]) == ["id", "user_id", "type", "title", "content", "created_at"]


@pytest.mark.parametrize("event", [events.CommMessageCreated, events.CommNotificationCreated])
def test_the_keys_of_an_event_are_delivered_in_the_order_of_the_contract(event):
    stored = {"data": dict.fromkeys(sorted(event.keys, key=lambda key: (len(key), key)))}  # as jsonb has it
    assert list(stored["data"]) != list(event.keys)
    assert list(opened(event.type, stored)["data"]) == list(event.keys)


def test_nothing_else_is_told(legacy):
    services.create(Document, LEAST["documents"], INTERNAL)
    message, notification = row_of("messages"), row_of("notifications", status="failed")
    ask(legacy, "PATCH", f"messages/{message.pk}/", {"subject": "x"})
    ask(legacy, "POST", f"messages/{message.pk}/mark_read/")
    ask(legacy, "POST", f"notifications/{notification.pk}/retry/")
    ask(legacy, "DELETE", f"messages/{message.pk}/")
    assert logged() == []


def test_a_row_without_its_event_is_not_made(legacy, monkeypatch):
    def refuse(*announcements):
        raise DatabaseError("The log is full.")

    monkeypatch.setattr(events, "publish", refuse)
    with pytest.raises(DatabaseError):
        services.create(Notification, LEAST["notifications"], INTERNAL)
    assert not Notification.objects.exists()
