"""Counts are kept in memory and added to the table."""

import pytest
from django.db import DatabaseError, DataError

from switchover.evidence import counting
from switchover.evidence.counting import AnswerCounter
from switchover.evidence.models import AnswerCount, Kind

pytestmark = pytest.mark.django_db


def test_counts_of_several_processes_add_up():
    for _ in range(2):
        counter = AnswerCounter()
        for milliseconds in (3, 4, 80):
            counter.add("greeting", "evening", "GET /", Kind.SERVED, milliseconds)
        counter.flush()
        counter.flush()
    rows = AnswerCount.objects.values_list("within_ms").order_by("within_ms")
    totals = {}
    for within_ms, count in rows.values_list("within_ms", "count"):
        totals[within_ms] = totals.get(within_ms, 0) + count
    assert totals == {5: 4, 100: 2}


def test_what_the_database_refuses_is_kept_for_the_next_time(monkeypatch):
    counter = AnswerCounter()
    counter.add("greeting", "evening", "GET /", Kind.SERVED, 3)

    def refusing(key, count):
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(counting, "_add_to_row", refusing)
        with pytest.raises(DatabaseError):
            counter.flush()
    counter.flush()
    assert AnswerCount.objects.get().count == 1


def test_an_endpoint_that_the_database_cannot_keep_does_not_hold_up_the_others(monkeypatch):
    def adding(key, count, add=counting._add_to_row):
        if key[2] == "GET /refused":
            raise DataError("value too long")
        add(key, count)

    monkeypatch.setattr(counting, "_add_to_row", adding)
    counter = AnswerCounter()
    for endpoint in ("GET /a", "GET /refused", "GET /z"):
        counter.add("greeting", "evening", endpoint, Kind.SERVED, 3)
    counter.flush()
    counter.flush()
    assert dict(AnswerCount.objects.values_list("endpoint", "count")) == {"GET /a": 1, "GET /z": 1}


def test_counts_are_not_added_twice_when_the_database_goes_away_between_two_of_them(monkeypatch):
    gone = []

    def adding(key, count, add=counting._add_to_row):
        if key[2] == "GET /refused":
            raise DataError("value too long")
        if key[2] == "GET /z" and not gone:
            gone.append(key)
            raise DatabaseError("away")
        add(key, count)

    monkeypatch.setattr(counting, "_add_to_row", adding)
    counter = AnswerCounter()
    for endpoint in ("GET /a", "GET /refused", "GET /z"):
        counter.add("greeting", "evening", endpoint, Kind.SERVED, 3)
    with pytest.raises(DatabaseError):
        counter.flush()
    counter.flush()
    assert dict(AnswerCount.objects.values_list("endpoint", "count")) == {"GET /a": 1, "GET /z": 1}


def test_more_endpoints_than_are_kept_apart_are_counted_together(monkeypatch):
    monkeypatch.setattr(counting, "MOST_KEYS", 3)
    counter = AnswerCounter()
    for number in range(10):
        counter.add("greeting", "evening", f"GET /{number}", Kind.SERVED, 3)
    counter.flush()
    assert AnswerCount.objects.filter(endpoint="other").get().count == 7
