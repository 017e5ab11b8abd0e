"""Processes that are killed between the claim and the record, and several at once, on both databases."""

from pathlib import Path

import pytest

from comm_service.email import claiming, passes, unconfirmed
from comm_service.email.sending import Outcome
from comm_service.models import EmailQueue

from .rows import claim_ended, handed_over_long_ago, queued, shown
from .workers import POINTS, SECONDS, environment, kill, run_until_killed, started

pytestmark = pytest.mark.servers


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def database_url(request, new_database) -> str:
    return new_database(request.param)


@pytest.fixture
def on_it(database_url: str, on_database) -> str:
    on_database(database_url)
    EmailQueue.objects.all().delete()
    return database_url


@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_is_killed_sends_nothing_twice_and_loses_nothing(point, on_it, over_smtp):
    email = queued(subject=point)
    run_until_killed(point, environment(on_it, over_smtp.url))
    assert passes.run() == {}  # the claim still holds
    # Much later:
    claim_ended(email)
    handed_over_long_ago_if_so = point in ("marked as sending", "taken by the server")
    if handed_over_long_ago_if_so:
        handed_over_long_ago(email)
        assert passes.run() == {}
        assert shown(email) == ("sending", 1, unconfirmed.UNCONFIRMED)
        assert over_smtp.subjects() == ([point] if point == "taken by the server" else [])
    else:
        assert shown(email) == ("pending", 1, None)
        assert passes.run() == {Outcome.SENT: 1}
        assert shown(email) == ("sent", 2, None)
        assert over_smtp.subjects() == [point]


def test_several_processes_at_once_send_each_email_once(on_it, over_smtp, tmp_path: Path):
    emails = [queued(subject=f"{number:02}") for number in range(30)]
    env = environment(on_it, over_smtp.url)
    logs = [tmp_path / f"{number}.log" for number in range(3)]
    processes = [started("manage.py", "process_pending_emails", env=env, log=log) for log in logs]
    try:
        assert [one.wait(SECONDS) for one in processes] == [0, 0, 0], [log.read_text() for log in logs]
    finally:
        for one in processes:
            kill(one)
    assert sorted(over_smtp.subjects()) == [f"{number:02}" for number in range(30)]
    assert {shown(email) for email in emails} == {("sent", 1, None)}
    assert sum(int(log.read_text().split()[0]) for log in logs) == 30


def test_an_outcome_that_the_database_refuses_leaves_the_email_sending(on_it, over_smtp, monkeypatch, caplog):
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
