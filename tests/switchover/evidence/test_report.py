"""The evidence of a move, and the verdict on it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from switchover import checklist
from switchover.evidence.buckets import MORE, bound, percentile
from switchover.evidence.models import AnswerCount

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(second=0, microsecond=0)


def counted(kind, count, way="evening", within_ms=10, minute=NOW, endpoint="GET /"):
    AnswerCount.objects.create(
        move="greeting", way=way, endpoint=endpoint, kind=kind, within_ms=within_ms, count=count, minute=minute
    )


def evidence(move):
    return move.measure(NOW - timedelta(hours=1), NOW + timedelta(minutes=1))


def test_without_answers_nothing_can_be_said(move):
    assert evidence(move).verdict == "not enough data"


def test_enough_answers_that_are_the_same_are_good(move):
    counted("same", 4)
    assert evidence(move).verdict == "good"


def test_one_difference_is_bad_however_few_answers_there_are(move):
    counted("different", 1)
    assert evidence(move).verdict == "bad"


def test_failures_and_slowness_are_bad(move):
    counted("same", 90)
    assert evidence(move).verdict == "good"
    counted("failed", 2)
    failed = next(check for check in evidence(move).checks if check.name == "failed answers in percent")
    assert (failed.value, failed.outcome) == (2.17, "bad")
    counted("served", 1000, within_ms=5000)
    slow = next(check for check in evidence(move).checks if check.name == "p99 in ms")
    assert (slow.value, slow.outcome) == (5000, "bad")


def test_the_old_way_and_other_times_are_not_judged(move):
    counted("same", 4)
    counted("failed", 50, way="morning")
    counted("different", 5, minute=NOW - timedelta(hours=2))
    found = evidence(move)
    assert found.verdict == "good"
    assert found.outcome()["ways"]["morning"]["failed"] == 50
    assert found.outcome()["endpoints"] == {"GET /": found.new.numbers()}


def test_once_the_new_way_answers_callers_nothing_needs_to_be_compared(move):
    counted("served", 90)
    assert evidence(move).verdict == "good"
    counted("different", 1)
    assert evidence(move).verdict == "bad"


def test_the_worst_endpoints_are_told_first(move):
    counted("same", 9)
    counted("same", 4, endpoint="GET /a")
    counted("different", 1, endpoint="GET /z")
    assert list(evidence(move).endpoints) == ["GET /z", "GET /", "GET /a"]


def test_what_was_not_compared_is_told_with_the_verdict(move):
    counted("same", 9)
    assert "not compared" not in evidence(move).text()
    counted("skipped", 1)
    counted("skipped", 20, endpoint="POST /files")
    told = evidence(move).text()
    assert "70 % of 30 requests in shadow not compared" in told
    assert "never compared: POST /files\n" in told
    assert "never compared: POST /files" in checklist.evidence(evidence(move), "good", "today").evidence


def test_times_are_counted_in_classes():
    assert [bound(value) for value in (0, 1, 1.5, 30_000, 10**9)] == [1, 1, 2, 30_000, MORE]
    assert percentile({}, 50) is None
    assert percentile({1: 50, 10: 49, 100: 1}, 50) == 1
    assert percentile({1: 50, 10: 49, 100: 1}, 99) == 10
    assert percentile({1: 50, 10: 49, 100: 1}, 100) == 100
