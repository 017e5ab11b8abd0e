"""PostgreSQL is away, or there and silent: every wait has a limit, and it is soon used again."""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from logging.config import DictConfigurator

import pytest
from django.db import InterfaceError, OperationalError, connection

from gistagum import postgresql
from gistagum.settings import LOGGING
from projeng.views import home
from tests.support.database import using_database
from tests.support.people import person
from tests.support.ports import wait_until
from tests.support.tcp_relay import TcpRelay

LONG = 8.5  # seconds of an outage
SOON = 5.0


@pytest.fixture
def relay(postgres, new_database, django_db_blocker) -> Iterator[TcpRelay]:
    """What lies between this test's Django and its database."""
    url = new_database("postgres")
    with (
        TcpRelay(postgres.port) as relay,
        django_db_blocker.unblock(),
        using_database(url.replace(str(postgres.port), str(relay.port))),
    ):
        yield relay


def ask() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except OperationalError:
        return False
    finally:
        connection.close()


@pytest.mark.timeout(60)
def test_a_server_that_has_fallen_silent_is_given_up(relay, monkeypatch):
    monkeypatch.setattr(postgresql, "SILENCE_SECONDS", 1.0)
    assert ask()
    with connection.cursor() as cursor:
        relay.hold()
        released = threading.Timer(20, relay.snap)  # so that this test ends, whatever comes
        released.start()
        begun = time.monotonic()
        with pytest.raises(OperationalError, match="said nothing"):
            cursor.execute("SELECT 1")
        assert time.monotonic() - begun < 10
        released.cancel()
    connection.close()
    relay.heal()
    wait_until(ask, "the database is in use again")


@pytest.mark.timeout(60)
def test_an_error_of_the_server_leaves_the_connection_as_it_is(relay):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        before = cursor.fetchone()
        cursor.execute("SET statement_timeout = 50")
        with pytest.raises(OperationalError, match="statement timeout"):
            cursor.execute("SELECT pg_sleep(5)")
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == before
    connection.close()


@pytest.mark.timeout(90)
def test_after_an_outage_the_database_is_soon_in_use_again(relay):
    """The pool would wait as long again as the outage took, up to five minutes."""
    over = threading.Event()

    def keep_asking() -> None:
        while not over.wait(0.1):
            ask()

    assert ask()
    with ThreadPoolExecutor(4) as people:
        asking = [people.submit(keep_asking) for _ in range(4)]
        relay.cut()
        try:
            time.sleep(LONG)
            relay.heal()
            begun = time.monotonic()
            wait_until(ask, "the database is in use again", 30)
        finally:
            over.set()
    assert all(one.exception() is None for one in asking)
    assert time.monotonic() - begun < SOON


@pytest.mark.timeout(60)
def test_connections_that_broke_while_nobody_used_them_are_not_met_one_by_one(relay):
    """The pool alone tries them in turn, and pauses in between, ever longer: ten seconds, and then an error."""
    many = threading.Barrier(12)

    def ask_together() -> bool:
        connection.ensure_connection()
        many.wait(20)
        return ask()

    with ThreadPoolExecutor(many.parties) as people:
        assert all(people.map(lambda _: ask_together(), range(many.parties)))
    relay.snap()
    begun = time.monotonic()
    assert ask()
    assert time.monotonic() - begun < SOON


# --- what people are told ---------------------------------------------------------------------------------------


def away(*args: object, **options: object) -> None:
    raise OperationalError("the connection is closed\n\tand more")


@pytest.mark.django_db
def test_a_page_says_that_the_data_is_out_of_reach(client, monkeypatch):
    monkeypatch.setattr(home, "home_of", away)
    client.raise_request_exception = False
    client.force_login(person())
    answer = client.get("/")
    assert answer.status_code == 503
    assert 1 <= int(answer.headers["Retry-After"]) <= 10
    assert "out of reach" in answer.content.decode()


@pytest.mark.django_db
def test_a_table_that_there_is_not_is_a_fault_of_ours(client, monkeypatch):
    def lost(role: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM lost")

    monkeypatch.setattr(home, "home_of", lost)
    client.raise_request_exception = False
    client.force_login(person())
    assert client.get("/").status_code == 500


@pytest.mark.django_db
def test_who_asks_for_json_gets_json(client, monkeypatch):
    monkeypatch.setattr("realtime.log.replay.start", away)
    client.raise_request_exception = False
    client.force_login(person())
    for address in ("events/", "poll/?topics=notifications"):
        answer = client.get(f"/projeng/api/realtime/{address}")
        assert answer.status_code == 503, address
        assert answer.json()["type"] == "error"
        assert 1 <= int(answer.headers["Retry-After"]) <= 10


def logged(error: type[Exception], message: str) -> str:
    """What the site's own handler writes for a fault."""
    configured = DictConfigurator({**LOGGING, "loggers": {}, "root": {}})
    try:
        raise error("the connection is closed\n\tand more")
    except error:
        record = logging.LogRecord("django.request", logging.ERROR, "", 0, message, (), sys.exc_info())
    configured.configure()
    handler = configured.config["handlers"]["stderr"]
    assert handler.filter(record)
    return handler.format(record)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize(
    "message", ["Service Unavailable: /", "The log cannot be read: the connection is closed\n\tand more"]
)
def test_the_log_has_one_line_for_it(error, message):
    line = logged(error, message)
    assert line.count("the connection is closed and more") == 1
    assert "\n" not in line


def test_any_other_fault_keeps_its_traceback():
    assert "Traceback" in logged(ValueError, "Internal Server Error: /")
