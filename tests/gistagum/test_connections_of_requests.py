"""Requests share the connections that this process's own work leaves them, however many requests come at once."""

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import RequestFactory

from gistagum.middleware import ConnectionMiddleware
from gistagum.request_threads import OWN_CONNECTIONS
from realtime.log.numberer import numberer
from tests.support.database import using_database
from tests.support.ports import wait_until
from tests.support.postgres import TEMPLATE

EVERY = settings.WEB_THREADS + OWN_CONNECTIONS


@pytest.fixture(scope="module")
def address(postgres) -> str:
    return postgres.create("connections-of-requests", template=TEMPLATE)


@pytest.fixture
def office(address, django_db_blocker) -> Iterator[None]:
    with django_db_blocker.unblock(), using_database(address):
        connection.ensure_connection()
        connection.close()
        yield


class Requests:
    """Requests that hold a connection until ``end`` is set."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._connected: deque[bool] = deque()
        self.end = threading.Event()

    @property
    def number(self) -> int:
        """How many got a connection."""
        return len(self._connected)

    def ask(self) -> Future[HttpResponse]:
        def view(request: Any) -> HttpResponse:
            connection.ensure_connection()
            self._connected.append(True)
            assert self.end.wait(30)
            return HttpResponse("held one")

        return self._threads.submit(ConnectionMiddleware(view), RequestFactory().get("/"))


@contextmanager
def many_requests(number: int) -> Iterator[Requests]:
    """Within this block so many requests have come, and as many as can hold a connection."""
    with ExitStack() as undo:
        requests = Requests(undo.enter_context(ThreadPoolExecutor(EVERY + 20)))
        undo.callback(requests.end.set)
        for _ in range(number):
            requests.ask()
        wait_until(lambda: requests.number >= settings.WEB_THREADS, "requests hold their connections")
        yield requests


def waiting_for_their_turn() -> int:
    return connection.pool.requests.waiting


@pytest.mark.usefixtures("office")
def test_the_process_itself_waits_behind_no_request():
    with many_requests(EVERY) as requests, ExitStack() as undo:
        wait_until(lambda: waiting_for_their_turn() == OWN_CONNECTIONS, "the others wait")
        for _ in range(OWN_CONNECTIONS):
            undo.callback(connection.pool.putconn, connection.pool.getconn(5))
        assert requests.number == settings.WEB_THREADS


@pytest.mark.usefixtures("office")
def test_events_are_numbered_while_more_requests_wait_than_there_are_connections():
    with many_requests(EVERY + 10):
        assert numberer.wait(numberer.request(urgent=True), 5)


@pytest.mark.usefixtures("office")
def test_a_request_that_waits_in_vain_says_why_and_leaves_its_place():
    with many_requests(settings.WEB_THREADS) as requests:
        connection.pool.timeout = 0.2
        with pytest.raises(OperationalError) as refused:
            requests.ask().result(10)
        said = f"all {settings.WEB_THREADS} of this process for requests are in use: raise WEB_THREADS."
        assert said in str(refused.value)
        assert not waiting_for_their_turn()
        connection.pool.timeout = 10
        requests.end.set()
        assert requests.ask().result(10).status_code == 200


@pytest.mark.usefixtures("office")
def test_no_turn_is_lost_where_some_requests_give_up_and_others_do_not():
    def view(request: Any) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.01)")
        return HttpResponse("asked")

    def ask(number: int) -> bool:
        try:
            return ConnectionMiddleware(view)(RequestFactory().get("/")).status_code == 200
        except OperationalError:
            return False

    connection.ensure_connection()
    pool = connection.pool
    connection.close()
    pool.timeout = 0.05
    with ThreadPoolExecutor(3 * EVERY) as threads:
        answered = list(threads.map(ask, range(10 * EVERY)))
    assert any(answered)
    assert not pool.requests.waiting
    assert pool.requests.free == settings.WEB_THREADS
