"""Demotions of a move: taken away, given back, recorded."""

import pytest

from switchover.callers import Caller
from switchover.deciding import decide
from switchover.demotions.models import Demotion

pytestmark = pytest.mark.django_db
ANA, BEN = Caller("ana", frozenset({"Surveyors"})), Caller("ben")


@pytest.fixture(autouse=True)
def _granted(settings):
    settings.GREETING = "evening"


def ways(move):
    return [decide(move, caller).name for caller in (ANA, BEN)]


def test_a_caller_a_group_or_everybody(move):
    assert ways(move) == ["evening", "evening"]
    assert move.demotions.demote("caller", "ben", reason="asked", by="ops")
    assert ways(move) == ["evening", "morning"]
    assert move.demotions.demote("group", "Surveyors", reason="old tablets", by="ops")
    assert ways(move) == ["morning", "morning"]
    assert move.demotions.restore("caller", "ben", reason="", by="ops")
    assert ways(move) == ["morning", "evening"]
    assert move.demotions.demote("all", "", reason="slow", by="ops")
    assert ways(move) == ["morning", "morning"]
    assert move.demotions.restore("all", "", reason="mended", by="ops")
    assert ways(move) == ["evening", "evening"]


def test_doing_again_what_is_done_changes_nothing(move):
    assert move.demotions.demote("all", "", reason="first", by="ops")
    assert not move.demotions.demote("all", "", reason="second", by="ops")
    assert [one.reason for one in move.demotions.held()] == ["first"]
    assert move.demotions.restore("all", "", reason="", by="ops")
    assert not move.demotions.restore("all", "", reason="", by="ops")
    assert move.demotions.demote("all", "", reason="third", by="ops")
    assert Demotion.objects.count() == 2  # what was lifted stays in the record


def test_another_moves_demotion_is_none_of_this_one(move):
    Demotion.objects.create(move="other", scope="all", reason="slow", by="ops")
    assert ways(move) == ["evening", "evening"]
    assert not move.demotions.restore("all", "", reason="", by="ops")
    assert Demotion.objects.filter(until=None).count() == 1
