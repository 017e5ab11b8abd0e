"""The watch of a move: strikes, and automatic demotion. The transport's own tests have the finer points."""

from datetime import timedelta

import pytest
from django.utils import timezone

from switchover.callers import Caller
from switchover.deciding import decide
from switchover.evidence.models import AnswerCount, WatchState
from switchover.evidence.watch import look

pytestmark = pytest.mark.django_db
NOW = timedelta()


@pytest.fixture(autouse=True)
def _granted(settings):
    settings.GREETING = "evening"


def counted(kind, count):
    """Answers of a minute that has not been judged yet."""
    minute = timezone.now()
    AnswerCount.objects.create(
        move="greeting", way="evening", endpoint="GET /", kind=kind, within_ms=10, count=count, minute=minute
    )


def test_too_many_broken_limits_in_a_row_take_the_new_way_away(move):
    counted("different", 1)
    first = look(move, NOW)
    assert (first.verdict, first.strikes["different answers"], first.demoted) == ("bad", 1, "")
    assert decide(move, Caller("ana")).name == "evening"
    counted("different", 1)
    second = look(move, NOW)
    assert second.demoted == "different answers: 1 (of 1) is over the limit of 0, 2 times in a row"
    assert second.line().endswith(f"The way evening of greeting is taken away from everybody: {second.demoted}")
    assert decide(move, Caller("ana")).name == "morning"
    assert look(move, NOW).held == second.demoted


def test_a_fault_is_counted_once(move):
    counted("different", 1)
    for _ in range(5):
        last = look(move, NOW)
    assert last.strikes["different answers"] == 1


def test_what_happened_before_a_restoration_is_not_judged(move):
    for _ in range(2):
        counted("different", 1)
        look(move, NOW)
    move.demotions.restore("all", "", reason="mended", by="ops")
    assert look(move, NOW).verdict == "not enough data"
    assert set(WatchState.objects.values_list("strikes", flat=True)) == {0}


def test_two_moves_are_watched_apart(move):
    WatchState.objects.create(
        move="other", name="different answers", strikes=1, judged_to=timezone.now(), looked_at=timezone.now()
    )
    counted("different", 1)
    look(move, NOW)
    assert WatchState.objects.get(move="other").strikes == 1
