"""Viewers without an account: they hold the keys that they came with, and no query is made for them."""

from uuid import uuid4

import pytest

from realtime.access import authority
from realtime.access.outsiders import Outsider
from tests.support.people import person

ANA = Outsider("comm", str(uuid4()), frozenset({"comm:ana"}))


def test_an_outsider_holds_its_keys_without_a_query():
    viewer = authority.load([ANA])[ANA]
    assert (viewer.user_id, viewer.keys) == (ANA, frozenset({"comm:ana"}))


@pytest.mark.django_db
def test_outsiders_and_accounts_are_read_together():
    one = person()
    found = authority.load([ANA, one.pk])
    assert set(found) == {ANA, one.pk}
    assert "comm:ana" not in found[one.pk].keys


def test_an_outsider_is_nobodys_account():
    assert Outsider("comm", "5", frozenset()) != "comm:5"
    assert Outsider("comm", "5", frozenset()) != Outsider("other", "5", frozenset())
