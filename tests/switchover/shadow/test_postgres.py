"""Comparisons on PostgreSQL, in the thread that does them: rolled back, of one moment, and with limits."""

import threading

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.http import JsonResponse
from django.test import RequestFactory

from switchover import moves
from switchover.aside import Aside
from switchover.callers import Caller
from switchover.evidence.counting import counter
from switchover.evidence.models import AnswerCount
from switchover.serving import serve
from switchover.shadow import rolled_back
from tests.support.ports import wait_until

requests = RequestFactory()


@pytest.fixture
def ask(new_database, on_database, move, settings, monkeypatch):
    """``ask(old, new)``: a request in shadow, after its comparison was made in the thread; returns how it went."""
    on_database(new_database("postgres"))
    settings.GREETING_SHADOW = True
    aside = Aside()
    monkeypatch.setattr("switchover.shadowing.aside", aside)

    def asked(old, new, request=None):
        request = request or requests.get("/")
        serve(move, request, Caller("ana"), {"morning": old, "evening": new})
        request.close()
        done = threading.Event()
        assert aside.offer(done.set)
        assert done.wait(60)
        counter.flush()
        kinds = AnswerCount.objects.filter(way="evening").values_list("kind", flat=True)
        return list(kinds)

    return asked


def good(request):
    return JsonResponse({"good": True})


def test_what_is_written_is_rolled_back_and_a_row_is_found_as_it_was(ask):
    def creating(request):
        Group.objects.create(name="Surveyors")
        return JsonResponse({"groups": Group.objects.filter(name="Surveyors").count()})

    def created_otherwise(request):
        Group.objects.create(name="Surveyors 2")
        return JsonResponse({"groups": 1})

    assert ask(creating, created_otherwise, requests.post("/", {"a": 1}, content_type="application/json")) == ["same"]
    assert not Group.objects.filter(name="Surveyors 2").exists()


def test_a_slow_statement_is_ended_and_counted_as_a_failure(ask, monkeypatch):
    monkeypatch.setattr(rolled_back, "STATEMENT_SECONDS", 1)

    def slow(request):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(50)")
        return good(request)

    assert ask(good, slow) == ["shadow_failed"]


def test_both_are_asked_again_at_one_moment(ask):
    seen = []

    def counting(request):
        seen.append(Group.objects.filter(name__startswith="Crew").count())
        _written_by_another(f"Crew {len(seen)}")  # others write between any two of these answers
        return JsonResponse({"groups": seen[-1]})

    assert ask(counting, counting) == ["unsettled"]
    assert seen == [0, 1, 2, 2]


def _written_by_another(name):
    def write():
        Group.objects.create(name=name)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(30)


def test_a_compared_way_that_does_something_else_holds_no_lock_for_long(ask, monkeypatch):
    group = Group.objects.create(name="Surveyors")
    written = threading.Event()

    def renaming(request):
        Group.objects.filter(pk=group.pk).update(name="Renamed")
        return good(request)

    def writing():
        Group.objects.filter(pk=group.pk).update(name="Engineers")
        connection.close()
        written.set()

    def waiting(request):
        renaming(request)
        thread = threading.Thread(target=writing)
        thread.start()
        assert written.wait(8)  # the lock was given up while this waits
        thread.join(10)
        Group.objects.count()  # ended with the transaction
        return good(request)

    assert ask(renaming, waiting, requests.post("/", {"a": 1}, content_type="application/json")) == ["shadow_failed"]
    assert Group.objects.get(pk=group.pk).name == "Engineers"


def test_the_connection_of_a_comparison_that_takes_too_long_is_ended(ask, monkeypatch):
    monkeypatch.setattr(rolled_back, "IDLE_SECONDS", 60)
    monkeypatch.setattr("switchover.shadowing.aside", Aside(patience=0.3))
    group = Group.objects.create(name="Surveyors")
    ended = threading.Event()

    def renaming(request):
        Group.objects.filter(pk=group.pk).update(name="Renamed")
        return good(request)

    def hanging(request):
        renaming(request)
        assert ended.wait(30)
        return good(request)

    request = requests.post("/", {"a": 1}, content_type="application/json")
    serve(moves.get("greeting"), request, Caller("ana"), {"morning": renaming, "evening": hanging})
    request.close()
    try:
        wait_until(lambda: _counted("shadow_failed"), "it is counted as failed")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '10s'")
            Group.objects.filter(pk=group.pk).update(name="Engineers")
    finally:
        ended.set()
    assert Group.objects.get(pk=group.pk).name == "Engineers"


def _counted(kind):
    counter.flush()
    return AnswerCount.objects.filter(way="evening", kind=kind).exists()
