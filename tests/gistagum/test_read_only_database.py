"""A server that refuses to write, such as a standby: people are told, and its connections are dropped."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import InternalError, connection, transaction

from gistagum.database import is_unavailable
from gistagum.logs import OneLine
from projeng.views import home
from tests.support.database import using_database
from tests.support.people import person


@pytest.fixture
def on_postgres(new_database, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), using_database(new_database("postgres")):
        yield


def make_read_only() -> None:
    """Do to this connection what a switch to reading (a full disk, a maintenance) does to all."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def refusal() -> InternalError:
    with pytest.raises(InternalError) as refused:
        Group.objects.create(name="Nobody writes here")
    return refused.value


@pytest.mark.timeout(60)
def test_a_connection_that_may_not_write_is_not_used_again_nor_are_the_others_of_its_pool(on_postgres):
    together = threading.Barrier(4)

    def taken() -> int:
        make_read_only()
        number = backend()
        together.wait(20)
        connection.close()
        return number

    with ThreadPoolExecutor(together.parties) as people:
        before = set(people.map(lambda _: taken(), range(together.parties)))
    assert len(before) == together.parties
    assert backend() in before, "they are in the pool"
    assert is_unavailable(refusal())
    connection.close()
    with ThreadPoolExecutor(together.parties) as people:

        def written(number: int) -> int:
            Group.objects.create(name=f"Group {number}")
            mine = backend()
            together.wait(20)
            connection.close()
            return mine

        after = set(people.map(written, range(together.parties)))
    assert not after & before


@pytest.mark.timeout(60)
def test_a_transaction_that_is_refused_is_rolled_back_and_the_next_one_works(on_postgres):
    make_read_only()
    with pytest.raises(InternalError), transaction.atomic():
        Group.objects.create(name="First")
    connection.close()
    with transaction.atomic():
        Group.objects.create(name="Second")
    assert set(Group.objects.filter(name__in=["First", "Second"]).values_list("name", flat=True)) == {"Second"}


def internal_error(cause: Exception) -> InternalError:
    error = InternalError(str(cause))
    error.__cause__ = cause
    return error


def test_another_internal_error_is_a_fault_of_ours():
    assert not is_unavailable(InternalError("current transaction is aborted"))
    assert not is_unavailable(internal_error(psycopg.errors.InFailedSqlTransaction("current transaction is aborted")))
    assert is_unavailable(internal_error(psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT")))


@pytest.mark.django_db
def test_people_are_told_that_the_data_is_out_of_reach(client, monkeypatch):
    def refuse(role: object) -> None:
        raise internal_error(psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction"))

    monkeypatch.setattr(home, "home_of", refuse)
    client.raise_request_exception = False
    client.force_login(person())
    answer = client.get("/")
    assert answer.status_code == 503
    assert "out of reach" in answer.content.decode()


def test_the_log_has_one_line_for_it():
    error = internal_error(psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT in a read-only transaction"))
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Service Unavailable: /", (), None)
    record.exc_info = (type(error), error, None)
    assert OneLine().filter(record)
    assert record.getMessage() == "Service Unavailable: /: cannot execute INSERT in a read-only transaction"
    assert record.exc_info is None
