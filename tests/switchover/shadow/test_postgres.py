"""Comparisons on PostgreSQL, in the thread that does them: rolled back, of one moment, and with limits."""

import threading

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.http import JsonResponse
from django.test import RequestFactory

from switchover.aside import Aside
from switchover.callers import Caller
from switchover.evidence.counting import counter
from switchover.evidence.models import AnswerCount
from switchover.serving import serve
from switchover.shadow import rolled_back

requests = RequestFactory()


@pytest.fixture
def ask(new_database, on_database, move, settings, monkeypatch):
    """``ask(old, new)``: a request in shadow, after its comparison was made in the thread; returns how it went."""
    on_database(new_database("postgres"))
    settings.GREETING_SHADOW = True
    aside = Aside()
    monkeypatch.setattr("switchover.serving.aside", aside)

    def asked(old, new, request=None):
        serve(move, request or requests.get("/"), Caller("ana"), {"morning": old, "evening": new})
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
