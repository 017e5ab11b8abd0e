"""Stream tickets: for one stream, for half a minute, as long as their credential lives."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from realtime.access import tickets
from realtime.access.credentials import SESSION, Credential
from realtime.access.identity import Identity
from realtime.access.models import StreamTicket
from tests.support.people import person, session_cookie
from tests.support.sessions import DatabaseSession


def identity_of(user: User) -> Identity:
    key = session_cookie(user).partition("=")[2]
    return Identity(user, Credential(SESSION, key, user.get_session_auth_hash()))


@pytest.fixture
def identity(db) -> Identity:
    return identity_of(person())


def test_a_ticket_stands_for_whom_it_was_issued(identity):
    assert tickets.redeem(tickets.issue(identity)) == identity


def test_a_ticket_can_be_used_once(identity):
    ticket = tickets.issue(identity)
    assert tickets.redeem(ticket)
    assert tickets.redeem(ticket) is None


def test_a_ticket_is_over_after_half_a_minute(identity, monkeypatch):
    ticket = tickets.issue(identity)
    later = timezone.now() + timedelta(seconds=tickets.TICKET_SECONDS)
    monkeypatch.setattr(tickets.timezone, "now", lambda: later)
    assert tickets.redeem(ticket) is None


@pytest.mark.django_db
@pytest.mark.parametrize("ticket", ["", "invented", "é" * 300])
def test_an_invented_ticket_is_nobodys(ticket):
    assert tickets.redeem(ticket) is None


def test_a_ticket_ends_with_its_credential(identity):
    ticket = tickets.issue(identity)
    Session.objects.get(pk=identity.credential.key).delete()
    assert tickets.redeem(ticket) is None


def test_a_ticket_ends_with_the_password(identity):
    ticket = tickets.issue(identity)
    identity.user.set_password("another long one")
    identity.user.save()
    assert tickets.redeem(ticket) is None


def test_nobody_uses_the_ticket_of_a_disabled_account(identity):
    ticket = tickets.issue(identity)
    User.objects.filter(pk=identity.user.pk).update(is_active=False)
    assert tickets.redeem(ticket) is None


def test_the_ticket_itself_is_kept_nowhere(identity):
    ticket = tickets.issue(identity)
    assert ticket not in str(list(StreamTicket.objects.values()))


def test_of_one_persons_unused_tickets_the_oldest_give_way(identity, monkeypatch):
    monkeypatch.setattr(tickets, "MOST", 3)
    issued = [tickets.issue(identity) for _ in range(5)]
    assert StreamTicket.objects.count() == 3
    assert [bool(tickets.redeem(ticket)) for ticket in issued] == [False, False, True, True, True]


def test_tickets_that_are_over_are_removed(identity):
    tickets.issue(identity)
    StreamTicket.objects.update(expires_at=timezone.now())
    tickets.issue(identity)
    assert StreamTicket.objects.count() == 1


def test_of_two_who_use_a_ticket_at_the_same_moment_one_is_let_in(new_database, on_database, monkeypatch):
    on_database(new_database("sqlite"))
    identity = identity_of(person())
    ticket = tickets.issue(identity)
    found = StreamTicket.objects.get()
    with DatabaseSession() as another:
        # Both have found it before either uses it.
        first = StreamTicket.objects.filter(pk=found.pk)
        assert another(lambda: tickets.redeem(ticket)) == identity
        monkeypatch.setattr(tickets.StreamTicket.objects, "filter", lambda **_: _Found(found, first))
        assert tickets.redeem(ticket) is None


class _Found:
    """A row that was found a moment ago."""

    def __init__(self, row, rows) -> None:
        self._row, self._rows = row, rows

    def first(self):
        return self._row

    def delete(self):
        return self._rows.delete()
