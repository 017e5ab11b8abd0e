"""The only door in: events share the fate of the transaction that caused them."""

from contextlib import contextmanager, suppress

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from realtime.access.audience import user_key
from realtime.delivery.hub import hub
from realtime.log import replay
from realtime.log.events import AuthorityChanged
from realtime.log.models import Event, OutboxEvent
from realtime.log.publish import Announcement, publish
from tests.support.ports import wait_until


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
    assert replay.head() == 0
    assert woken == []


def test_committed_it_is_in_the_log_and_the_hub_is_woken_afterwards(database, woken):
    with transaction.atomic():
        publish(said(1), said(2))
        assert woken == []
    wait_until(lambda: woken, "the hub is woken")
    assert woken == [2]
    first = Event.objects.first()
    assert (first.type, first.fields, first.audience) == ("authority_changed", {"user_ids": [1]}, ["user:1"])


def test_rolled_back_it_never_was_and_nobody_is_woken(database, woken):
    with abandoned():
        publish(said(1))
    assert replay.head() == 0
    assert not OutboxEvent.objects.exists()
    assert woken == []


def test_a_savepoint_that_is_rolled_back_takes_its_events_along(database, woken):
    with transaction.atomic():
        publish(said(1))
        with abandoned():
            publish(said(2))
        publish(said(3))
    replay.head()  # numbers them
    assert [row.fields["user_ids"] for row in Event.objects.all()] == [[1], [3]]


def test_events_of_one_transaction_keep_their_order(database, woken):
    with transaction.atomic():
        publish(*(said(number) for number in range(50)))
        publish(*(said(number) for number in range(50, 60)))
    replay.head()  # numbers them
    assert [row.fields["user_ids"] for row in Event.objects.order_by("id")] == [[number] for number in range(60)]


def test_the_keys_of_an_audience_are_kept_once_each_in_order(database, woken):
    with transaction.atomic():
        publish((AuthorityChanged(user_ids=[]), iter(["b", "a", "b"])))
    replay.head()  # numbers it
    assert Event.objects.get().audience == ["a", "b"]


def test_nothing_to_publish_costs_nothing(database, woken):
    with CaptureQueriesContext(connection) as queries:
        publish()
    assert len(queries) == 0
    assert woken == []


def test_events_are_written_with_one_plain_insert_and_without_a_lock(database, woken):
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        publish(*(said(number) for number in range(20)))
    statements = [query["sql"] for query in queries if "realtime_outboxevent" in query["sql"]]
    assert sum(sql.startswith('INSERT INTO "realtime_outboxevent"') for sql in statements) == 1
    assert not [query["sql"] for query in queries if "advisory" in query["sql"]]
    if database == "postgres":
        verbs = [query["sql"].split()[0] for query in queries]
        assert verbs == ["BEGIN", "INSERT", "COMMIT"]


def test_on_sqlite_a_save_with_its_events_is_one_write_transaction(new_database, on_database):
    on_database(new_database("sqlite"))
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        publish(said(1))
        publish(said(2))
    assert [query["sql"].split()[0] for query in queries if query["sql"].split()[0] in {"BEGIN", "COMMIT"}] == [
        "BEGIN",
        "COMMIT",
    ]
    assert Event.objects.count() == 2
    assert not OutboxEvent.objects.exists()
