"""Counts in events that get their places together."""

import uuid

import pytest
from django.db import transaction

from projeng.access import Role
from projeng.inbox import mark_read
from projeng.models import Notification
from realtime.access.audience import user_key
from realtime.log import numbering, position, replay
from realtime.log.events import AuthorityChanged
from realtime.log.models import Event
from realtime.log.numberer import numberer
from realtime.log.publish import publish
from tests.support.people import person


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_of_notifications_that_are_numbered_together_each_shows_its_own_count(
    new_database, on_database, monkeypatch, database
):
    on_database(new_database(database))
    head = person(Role.HEAD)
    numberer.stop(15)
    monkeypatch.setattr(numberer, "request", lambda **_: 0)  # so that one numbering finds them all
    for number in range(2):
        Notification.objects.create(recipient=head, message=f"{number}")
    Notification.objects.bulk_create(Notification(recipient=head, message=f"{number}") for number in range(2, 4))
    numbering.number()
    counts = Event.objects.filter(type="notification").order_by("id").values_list("fields__unread_count", flat=True)
    assert list(counts) == [1, 2, 3, 4]
    mark_read(head)
    numbering.number()
    assert Event.objects.latest("id").fields["unread_count"] == 0


def test_a_person_whose_id_is_no_number_is_told_of_what_came_meanwhile(new_database, on_database):
    on_database(new_database("postgres"))
    someone = uuid.uuid4()
    with transaction.atomic():
        publish((AuthorityChanged(user_ids=[str(someone)]), [user_key(someone)]))
    replay.head()  # waits until it has its place, whoever gives it
    assert [kind for kind, _ in position.without_place(someone, 0)] == [AuthorityChanged.type]
