"""Processes that are killed between the claim and the record, and several at once, on both databases."""

from collections.abc import Iterator

import pytest

from comm_service.email import claiming, passes, unconfirmed
from comm_service.email.sending import Outcome
from comm_service.models import EmailQueue
from tests.support.mail_server import MailServer

from .rows import claim_ended, handed_over_long_ago, queued, shown
from .workers import POINTS, Workers, environment

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def shared_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def mail_server(shared_server: MailServer) -> MailServer:
    """The server to which the workers send. It has taken nothing yet."""
    shared_server.received.clear()
    shared_server.recipients.clear()
    return shared_server


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def database_url(request, new_database) -> str:
    return new_database(request.param)


@pytest.fixture(scope="module")
def shared_workers(database_url: str, shared_server: MailServer) -> Iterator[Workers]:
    processes = Workers(environment(database_url, shared_server.url))
    yield processes
    processes.end()


@pytest.fixture
def workers(shared_workers: Workers, database_url: str, over_smtp: MailServer, on_database) -> Workers:
    """Processes that send, on the database that this process also works on. Its queue is empty."""
    on_database(database_url)
    EmailQueue.objects.all().delete()
    return shared_workers


@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_is_killed_sends_nothing_twice_and_loses_nothing(point, workers, over_smtp):
    email = queued(subject=point)
    workers.killed(point)
    assert passes.run() == {}  # the claim still holds
    # Much later:
    claim_ended(email)
    if point in ("marked as sending", "taken by the server"):
        handed_over_long_ago(email)
        assert passes.run() == {}
        assert shown(email) == ("sending", 1, unconfirmed.UNCONFIRMED)
        assert over_smtp.subjects() == ([point] if point == "taken by the server" else [])
    else:
        assert shown(email) == ("pending", 1, None)
        assert passes.run() == {Outcome.SENT: 1}
        assert shown(email) == ("sent", 2, None)
        assert over_smtp.subjects() == [point]


def test_several_processes_at_once_send_each_email_once(workers, over_smtp):
    emails = [queued(subject=f"{number:02}") for number in range(30)]
    assert workers.at_once(3) == [0, 0, 0]
    assert sorted(over_smtp.subjects()) == [f"{number:02}" for number in range(30)]
    assert {shown(email) for email in emails} == {("sent", 1, None)}


def test_an_outcome_that_the_database_refuses_leaves_the_email_sending(workers, over_smtp, monkeypatch, caplog):
    from django.db import OperationalError

    from comm_service.email import sending

    def refused(*_):
        raise OperationalError("away")

    email = queued()
    monkeypatch.setattr(claiming, "record_sent", refused)
    monkeypatch.setattr(sending, "RECORD_PAUSE_SECONDS", 0)
    assert sending.send(email.pk) is Outcome.UNKNOWN
    assert shown(email) == ("sending", 1, None)
    assert str(email.pk) in caplog.text
    assert len(over_smtp.received) == 1
