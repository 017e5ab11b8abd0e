"""The only door in: events share the fate of the transaction that caused them."""

from contextlib import contextmanager, suppress

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from realtime.access.audience import user_key
from realtime.delivery.hub import hub
from realtime.log.events import AuthorityChanged
from realtime.log.models import Event
from realtime.log.publish import Announcement, lock_log, publish


@pytest.fixture(params=["sqlite", "postgres"])
def database(request, new_database, on_database) -> str:
    """A database of the test's own, where transactions are really committed."""
    on_database(new_database(request.param))
    return request.param


@pytest.fixture
def woken(monkeypatch) -> list[int]:
    """How many events were in the log each time the hub was woken."""
    seen: list[int] = []
    monkeypatch.setattr(hub, "wake", lambda: seen.append(Event.objects.count()))
    return seen


def said(number: int) -> Announcement:
    return Announcement(AuthorityChanged(user_ids=[number]), [user_key(number)])


@contextmanager
def abandoned():
    """A transaction, or a savepoint within one, that is rolled back at its end."""
    with suppress(ZeroDivisionError), transaction.atomic():
        yield
        raise ZeroDivisionError


def test_outside_a_transaction_nothing_is_published(database, woken):
    with pytest.raises(TransactionManagementError, match="in the transaction of the change"):
        publish(said(1))
    with pytest.raises(TransactionManagementError):
        lock_log()
    assert not Event.objects.exists()
    assert woken == []


def test_committed_it_is_in_the_log_and_the_hub_is_woken_afterwards(database, woken):
    with transaction.atomic():
        rows = publish(said(1), said(2))
        assert woken == []
    assert woken == [2]
    assert [row.pk for row in rows] == list(Event.objects.values_list("pk", flat=True))
    first = Event.objects.first()
    assert (first.type, first.fields, first.audience) == ("authority_changed", {"user_ids": [1]}, ["user:1"])


def test_rolled_back_it_never_was_and_nobody_is_woken(database, woken):
    with abandoned():
        publish(said(1))
    assert not Event.objects.exists()
    assert woken == []


def test_a_savepoint_that_is_rolled_back_takes_its_events_along(database, woken):
    with transaction.atomic():
        publish(said(1))
        with abandoned():
            publish(said(2))
        publish(said(3))
    assert [row.fields["user_ids"] for row in Event.objects.all()] == [[1], [3]]


def test_events_of_one_transaction_keep_their_order(database, woken):
    with transaction.atomic():
        publish(*(said(number) for number in range(50)))
        publish(*(said(number) for number in range(50, 60)))
    assert [row.fields["user_ids"] for row in Event.objects.order_by("id")] == [[number] for number in range(60)]


def test_the_keys_of_an_audience_are_kept_once_each_in_order(database, woken):
    with transaction.atomic():
        publish((AuthorityChanged(user_ids=[]), iter(["b", "a", "b"])))
    assert Event.objects.get().audience == ["a", "b"]


def test_nothing_to_publish_costs_nothing(database, woken):
    with CaptureQueriesContext(connection) as queries:
        assert publish() == []
    assert len(queries) == 0
    assert woken == []


def test_many_events_are_written_at_once(database, woken):
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        publish(*(said(number) for number in range(20)))
    written = [query["sql"] for query in queries if "INSERT" in query["sql"]]
    assert len(written) == 1
