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


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Time goes on by hand: ``clock(minutes)``."""
    now = [timezone.now().replace(second=10, microsecond=0)]
    monkeypatch.setattr(timezone, "now", lambda: now[0])

    def goes_on(minutes):
        now[0] += timedelta(minutes=minutes)

    return goes_on


@pytest.fixture
def counted(clock):
    """``counted(kind, count)``: so many answers in a minute, and the minute is over."""

    def count_them(kind, count):
        minute = timezone.now().replace(second=0)
        AnswerCount.objects.create(
            move="greeting", way="evening", endpoint="GET /", kind=kind, within_ms=10, count=count, minute=minute
        )
        clock(1)

    return count_them


def test_too_many_broken_limits_in_a_row_take_the_new_way_away(move, counted):
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


def test_a_fault_is_counted_once(move, counted):
    counted("different", 1)
    for _ in range(5):
        last = look(move, NOW)
    assert last.strikes["different answers"] == 1


def test_what_happened_before_a_restoration_is_not_judged(move, counted, clock):
    for _ in range(2):
        counted("different", 1)
        look(move, NOW)
    clock(1)
    move.demotions.restore("all", "", reason="mended", by="ops")
    clock(1)
    assert look(move, NOW).verdict == "not enough data"
    assert set(WatchState.objects.values_list("strikes", flat=True)) == {0}


def test_a_minute_is_judged_when_it_is_over(move, counted, clock):
    counted("different", 1)
    clock(-1)
    assert look(move, NOW).verdict == "not enough data"  # more of this minute may still be counted
    clock(1)
    assert look(move, NOW).verdict == "bad"


def test_two_moves_are_watched_apart(move, counted):
    WatchState.objects.create(
        move="other", name="different answers", strikes=1, judged_to=timezone.now(), looked_at=timezone.now()
    )
    counted("different", 1)
    look(move, NOW)
    assert WatchState.objects.get(move="other").strikes == 1
