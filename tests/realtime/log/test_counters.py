"""Counts in events that get their places together."""

import pytest

from projeng.access import Role
from projeng.inbox import mark_read
from projeng.models import Notification
from realtime.log import numbering
from realtime.log.models import Event
from realtime.log.numberer import numberer
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
