"""A server that refuses to write, such as a standby: people are told, and its connections are dropped."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import InternalError, connection, transaction

from gistagum import middleware
from gistagum.database import is_unavailable
from gistagum.logs import OneLine
from projeng.views import home
from tests.support.database import using_database
from tests.support.people import person
from tests.support.ports import wait_until


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


def several_at_once(do) -> set[int]:
    """The connections of several people, each of whom has done something with one."""
    together = threading.Barrier(4)

    def done(number: int) -> int:
        do(number)
        mine = backend()
        together.wait(20)
        connection.close()
        return mine

    with ThreadPoolExecutor(together.parties) as people:
        taken = set(people.map(done, range(together.parties)))
    assert len(taken) == together.parties
    return taken


def save(number: int) -> None:
    Group.objects.create(name=f"Group {number}")


@pytest.mark.timeout(60)
def test_a_connection_that_may_not_write_is_not_used_again_nor_are_the_others_of_its_pool(on_postgres):
    before = several_at_once(lambda number: make_read_only())
    assert backend() in before, "they are in the pool"
    assert is_unavailable(refusal())
    connection.close()
    assert not several_at_once(save) & before


def healthy() -> bool:
    """What one request to the health page finds."""
    try:
        return middleware.database_fault() is None
    finally:
        connection.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("looks", [save, lambda number: middleware.database_fault()], ids=["save", "health"])
def test_a_database_that_is_switched_to_reading_is_used_again_once_it_is_switched_back(
    postgres, new_database, django_db_blocker, looks
):
    """Whether somebody saves meanwhile, or nobody does since the health page keeps everybody away."""
    url = new_database("postgres")
    name = url.rpartition("/")[2]
    with django_db_blocker.unblock(), using_database(url):
        postgres._sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        assert not healthy()
        with contextlib.suppress(InternalError):
            looks(1)
        connection.close()
        postgres._sql(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        wait_until(healthy, "it is used again")
        save(2)


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


@pytest.mark.django_db
def test_the_health_page_says_so_and_the_log_once(client, monkeypatch, caplog):
    assert client.get("/health/").content == b"OK"
    monkeypatch.setattr(middleware, "writable", lambda connection: False)
    for _ in range(2):
        answer = client.get("/health/")
        assert (answer.status_code, answer.content) == (503, b"database: read-only")
    monkeypatch.undo()
    assert client.get("/health/").content == b"OK"
    [said] = [record.getMessage() for record in caplog.records if record.name == "gistagum.middleware"]
    assert said.endswith("and its folder may not be written.")
